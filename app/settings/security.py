"""Security settings: proxies, allowed origins, rate limits, connection limits."""

from typing import Annotated, Any, Final

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode

from app.settings.origins import parse_origin
from app.settings.proxies import Trust
from app.settings.rate_limits import Limit

COUNTED: Final = ("sign_in", "auth", "json", "import", "pages", "callbacks", "websocket", "operations")
"""Groups of requests that have a limit each, as app.security.access names them."""
_FORM: Final = "REQUESTS/SECONDS for each address and each user; 0: no limit."


class SecuritySettings(BaseSettings):
    """Proxies, other origins, and how often each group of requests may be made."""

    trusted_proxies: str = Field(
        default="",
        description="Proxies whose X-Forwarded-For counts: how many in a row, or their networks; empty: none.",
    )
    cors_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="Other sites whose pages may read the JSON, comma-separated origins; empty: none."
    )
    limit_sign_in: str = Field(default="10/300", description=f"Starts of signing in: {_FORM}")
    limit_auth: str = Field(
        default="20/60", description=f"Coming back from a provider and changes of the account: {_FORM}"
    )
    limit_json: str = Field(default="120/60", description=f"JSON: {_FORM}")
    limit_import: str = Field(
        default="20/600",
        description=f"Clicks on import; each joins the run under way, and TRACERA_PORTFOLIO_IMPORT_COOLDOWN keeps runs apart: {_FORM}",
    )
    limit_pages: str = Field(default="300/60", description=f"Pages: {_FORM}")
    limit_callbacks: str = Field(default="1200/60", description=f"What pages ask for while they are open: {_FORM}")
    limit_websocket: str = Field(default="120/60", description=f"WebSocket connects: {_FORM}")
    limit_operations: str = Field(default="3000/60", description=f"Health, metrics, version: {_FORM}")

    limit_sockets: int = Field(
        default=50,
        ge=0,
        le=100_000,
        description="Open WebSockets of each address and each user, in all processes together; 0: no limit.",
    )

    limit_connections: int = Field(
        default=200, ge=0, le=100_000, description="Open HTTP connections of each address; 0: no limit."
    )
    max_connections: int = Field(
        default=4_000, ge=0, le=1_000_000, description="Open HTTP connections of one process; 0: no limit."
    )

    @field_validator("cors_origins", mode="before")
    @classmethod
    def _split_origins(cls, value: Any) -> Any:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("cors_origins")
    @classmethod
    def _whole_origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for origin in value:
            if parse_origin(origin) is None or origin.count("/") != 2 or "*" in origin:  # noqa: PLR2004
                raise ValueError(f"{origin!r} is no origin: https://HOST[:PORT], without a path")
        return value

    @field_validator("trusted_proxies")
    @classmethod
    def _proxies(cls, value: str) -> str:
        Trust.parse(value)
        return value

    @field_validator(*(f"limit_{group}" for group in COUNTED))
    @classmethod
    def _limit(cls, value: str) -> str:
        Limit.parse(value)
        return value

    def limits(self) -> dict[str, Limit | None]:
        """The limit of every group that has one."""
        return {group: Limit.parse(getattr(self, f"limit_{group}")) for group in COUNTED}
