"""Process settings: typed, from the environment (`TRACERA_…`) or a `.env` file."""

import re
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from app.settings.security import SecuritySettings

PROVIDERS = ("demo", "steam", "skinport", "csfloat", "priceempire", "csgotrader")


class SettingsError(ValueError):
    """A setting cannot be used; the message names its variable."""


class Settings(SecuritySettings):
    """The settings of an instance; docs/settings.md is made from these descriptions."""

    model_config = SettingsConfigDict(env_prefix="TRACERA_", env_file=".env", extra="ignore", frozen=True)

    data_dir: Path = Field(default=Path("var"), description="Folder of the embedded servers and their logs.")
    database_url: str | None = Field(default=None, description="PostgreSQL address; unset: the embedded server.")
    redis_url: str | None = Field(default=None, description="Redis or Valkey address; unset: the embedded server.")
    base_url: str = Field(
        default="http://localhost:8050", description="Address that people open; WebSockets must come from it."
    )
    providers: Annotated[tuple[str, ...], NoDecode] = Field(
        default=("demo",), description=f"Markets to collect from, comma-separated: {', '.join(PROVIDERS)}."
    )
    log_level: str = Field(default="info", description="debug, info, warning or error.")
    log_json: bool = Field(default=False, description="Log lines as JSON, for collectors.")
    threads: int = Field(default=12, ge=2, le=128, description="Worker threads for pages and JSON.")
    request_timeout: float = Field(
        default=1.0, ge=0.1, le=60, description="Seconds that a request waits for Redis, and for PostgreSQL, at most."
    )
    shared_port: bool = Field(
        default=False, description="Share the port with other processes; `serve --workers` sets it."
    )
    scheduler: bool = Field(default=True, description="Whether this process may run jobs; one process at a time does.")
    heartbeat_seconds: int = Field(default=1800, ge=0, description="An unchanged price is kept once in this time.")
    metrics_seconds: int = Field(default=60, ge=5, description="Seconds between two computations of the measures.")
    retention_days: int = Field(default=0, ge=0, description="Days raw quotes are kept; 0 keeps them for good.")
    demo_retention_days: int = Field(default=3, ge=1, description="Days raw simulated quotes are kept.")
    demo_history_days: int = Field(
        default=90, ge=0, le=365, description="Days of history the simulated market starts with."
    )
    stale_seconds: int = Field(default=60, ge=5, description="Ingestion silent for so long makes /readyz answer 503.")

    steam_url: str = Field(default="https://steamcommunity.com", description="Base address of Steam's market.")
    skinport_url: str = Field(default="https://api.skinport.com", description="Base address of Skinport.")
    csfloat_url: str = Field(default="https://csfloat.com", description="Base address of CSFloat.")
    csfloat_key: str | None = Field(default=None, description="CSFloat API key; optional.")
    priceempire_url: str = Field(default="https://api.pricempire.com", description="Base address of Pricempire.")
    priceempire_key: str | None = Field(
        default=None, description="Pricempire API key (a UUID); needed for `priceempire`."
    )
    csgotrader_url: str = Field(
        default="https://prices.csgotrader.app", description="Base address of csgotrader's files."
    )
    steam_interval: float | None = Field(default=None, gt=0, description="Seconds between two cycles of `steam`.")
    skinport_interval: float | None = Field(default=None, gt=0, description="Seconds between two cycles of `skinport`.")
    csfloat_interval: float | None = Field(default=None, gt=0, description="Seconds between two cycles of `csfloat`.")
    priceempire_interval: float | None = Field(
        default=None, gt=0, description="Seconds between two cycles of `priceempire`."
    )
    csgotrader_interval: float | None = Field(
        default=None, gt=0, description="Seconds between two cycles of `csgotrader`."
    )
    steam_requests_per_minute: int = Field(
        default=15,
        ge=0,
        description="Requests a minute to Steam; more gets banned. 0 asks without pause, for a server of your own.",
    )
    steam_page_size: int = Field(
        default=10, ge=1, le=500, description="Items asked for per page; Steam itself gives 10 at most."
    )
    priceempire_sources: str = Field(
        default="buff163", description="Markets asked of Pricempire, the first with a price counts."
    )
    csgotrader_markets: str | None = Field(
        default=None, description="Files read of csgotrader, comma-separated; unset: all."
    )
    demo_interval: float | None = Field(default=None, gt=0, description="Seconds between two cycles of `demo`.")
    demo_seed: int = Field(default=730, ge=0, description="Which course the simulated market takes.")
    provider_timeout: float | None = Field(
        default=None, gt=0, description="Seconds after which a provider's cycle is given up."
    )

    session_secret: SecretStr | None = Field(
        default=None,
        min_length=32,
        description="Signs cookies and forms, 32 characters or more; unset: made and kept in the data folder.",
    )
    google_client_id: str | None = Field(default=None, description="Sign-in with Google: the OAuth client's id.")
    google_client_secret: SecretStr | None = Field(default=None, description="Sign-in with Google: its secret.")
    google_metadata_url: str = Field(
        default="https://accounts.google.com/.well-known/openid-configuration",
        description="Where the OpenID provider describes itself.",
    )
    github_client_id: str | None = Field(default=None, description="Sign-in with GitHub: the OAuth app's id.")
    github_client_secret: SecretStr | None = Field(default=None, description="Sign-in with GitHub: its secret.")
    github_url: str = Field(default="https://github.com", description="Base address of GitHub's OAuth.")
    github_api_url: str = Field(default="https://api.github.com", description="Base address of GitHub's API.")
    steam_login: bool = Field(
        default=False, description="Sign-in with Steam; linking Steam to an account needs no setting."
    )
    steam_openid_url: str = Field(
        default="https://steamcommunity.com/openid",
        description="Base address of Steam's OpenID; trusted to say who signs in.",
    )
    smtp_host: str | None = Field(default=None, description="Mail server for sign-in links; unset: no links.")
    smtp_port: int = Field(default=587, ge=1, le=65535, description="Port of the mail server.")
    smtp_security: Literal["starttls", "tls", "none"] = Field(
        default="starttls", description="How the mail server is spoken to: starttls, tls or none."
    )
    smtp_user: str | None = Field(default=None, description="User at the mail server; unset: no authentication.")
    smtp_password: SecretStr | None = Field(default=None, description="Password at the mail server.")
    smtp_from: str | None = Field(default=None, description="Sender of sign-in links; needed with `TRACERA_SMTP_HOST`.")

    portfolio_seconds: int = Field(default=300, ge=5, description="Seconds between two valuations of all portfolios.")
    portfolio_import_cooldown: int = Field(
        default=600, ge=1, description="Seconds between two imports of one person's Steam inventory."
    )
    portfolio_page_size: int = Field(
        default=1000, ge=1, le=5000, description="Items asked for per page of an inventory; Steam's cap moves."
    )
    portfolio_requests_per_minute: int = Field(
        default=30, ge=0, description="Requests a minute for inventories, of all people together; 0 asks without pause."
    )
    portfolio_max_page_bytes: int = Field(
        default=16 * 1024 * 1024, ge=1024, description="The largest inventory page that is read."
    )
    portfolio_look_seconds: int = Field(
        default=30, ge=1, description="Seconds between two valuations of a public profile from one address."
    )
    portfolio_fees: str = Field(
        default="",
        description="Sellers' fees in percent that differ from the built-in ones, as `csfloat=2,skinport=8`.",
    )
    rates_url: str = Field(
        default="https://www.ecb.europa.eu/stats/eurofxref/eurofxref-hist-90d.xml",
        description="Exchange rates in the form of the European Central Bank's reference file, whose full history beside it is fetched"
        " once; empty: US dollars and those of `TRACERA_RATES_TABLE` only.",
    )
    rates_hours: float = Field(default=6, gt=0, description="Hours between two looks at the exchange rates.")
    rates_table: Path | None = Field(
        default=None,
        description="A CSV file of exchange rates of one's own, `date,currency,rate` (units for one US dollar); each holds from"
        " its day to the next, and goes before the bank's.",
    )

    @field_validator("portfolio_fees")
    @classmethod
    def _fees(cls, value: str) -> str:
        for part in filter(None, (part.strip() for part in value.split(","))):
            if not re.fullmatch(r"[a-z0-9:_-]+=[0-9]{1,2}([.][0-9]{1,2})?", part):
                raise ValueError(f"{part!r} is not SOURCE=PERCENT")
        return value

    @field_validator("providers", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("providers")
    @classmethod
    def _known(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if unknown := [name for name in value if name not in PROVIDERS]:
            raise ValueError(f"unknown: {', '.join(unknown)}; allowed: {', '.join(PROVIDERS)}")
        return value

    @field_validator("csfloat_key", "priceempire_key")
    @classmethod
    def _header(cls, value: str | None) -> str | None:
        """Without the line break of a file; an HTTP client that refuses a header repeats it, the key and all."""
        if value is not None and not (value.strip().isascii() and value.strip().isprintable()):
            raise ValueError("must be one line of ASCII characters")
        return value.strip() if value is not None else None

    @field_validator("log_level")
    @classmethod
    def _level(cls, value: str) -> str:
        if value.lower() not in {"debug", "info", "warning", "error"}:
            raise ValueError("allowed: debug, info, warning, error")
        return value.lower()

    @field_validator("database_url")
    @classmethod
    def _postgres(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith(("postgresql://", "postgres://")):
            raise ValueError("must be postgresql://[USER[:PASSWORD]@]HOST[:PORT]/DATABASE")
        return value

    @field_validator("redis_url")
    @classmethod
    def _redis(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith(("redis://", "rediss://", "unix://")):
            raise ValueError("must be redis://, rediss:// or unix://")
        return value

    @field_validator("base_url")
    @classmethod
    def _origin(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError("must be http://HOST[:PORT] or https://HOST[:PORT]")
        return value.rstrip("/")

    @model_validator(mode="after")
    def _keys(self) -> Self:
        if "priceempire" in self.providers and not self.priceempire_key:
            raise ValueError("TRACERA_PRICEEMPIRE_KEY is needed for the provider priceempire")
        return self

    @model_validator(mode="after")
    def _whole_methods(self) -> Self:
        """A method of signing in that is half configured is a mistake, not a method that is off."""
        for name in ("google", "github"):
            if bool(getattr(self, f"{name}_client_id")) != bool(getattr(self, f"{name}_client_secret")):
                raise ValueError(
                    f"TRACERA_{name.upper()}_CLIENT_ID and TRACERA_{name.upper()}_CLIENT_SECRET belong together"
                )
        if self.smtp_host and not self.smtp_from:
            raise ValueError("TRACERA_SMTP_FROM is needed with TRACERA_SMTP_HOST")
        return self


def load(**overrides: Any) -> Settings:
    """The settings of this process.

    Raises:
        SettingsError: one line per unusable value, each naming its variable.
    """
    try:
        return Settings(**overrides)
    except ValidationError as error:
        lines = []
        for problem in error.errors():
            name = "_".join(str(part) for part in problem["loc"]).upper()
            message = problem["msg"].removeprefix("Value error, ")
            lines.append(f"TRACERA_{name}: {message}" if name else message)
        raise SettingsError("; ".join(lines)) from error
