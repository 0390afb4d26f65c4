"""Settings: typed, from the environment (`TRACERA_…`) or a `.env` file; imports nothing else of Tracera."""

from app.settings.errors import SettingsError
from app.settings.process import Settings, load
from app.settings.providers import PROVIDERS

__all__ = ["PROVIDERS", "Settings", "SettingsError", "load"]
