"""Errors of settings."""


class SettingsError(ValueError):
    """A setting cannot be used; the message names its variable."""
