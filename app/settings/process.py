"""Process settings: typed, from the environment (`TRACERA_…`) or a `.env` file."""

import re
from datetime import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, create_model, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    EnvSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from app.settings.errors import SettingsError
from app.settings.files import SecretFilesSource
from app.settings.live import LiveFields
from app.settings.providers import PROVIDERS
from app.settings.security import SecuritySettings

_FIELDS: dict[str, Any] = {
    setting: kind for name, entry in PROVIDERS.items() for setting, kind in entry.fields(name).items()
}
if TYPE_CHECKING:
    from app.settings.security import SecuritySettings as ProviderFields
else:
    ProviderFields = create_model("ProviderFields", __base__=SecuritySettings, **_FIELDS)


class Settings(ProviderFields, LiveFields):
    """The settings of an instance, with those of each provider; docs/settings.md is made from these descriptions."""

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
    access_log: bool | None = Field(
        default=None, description="A record of each request in the log; unset: where `TRACERA_LOG_JSON` is on."
    )
    slow_query: float = Field(
        default=0.5,
        ge=0,
        description="Seconds from which a database statement is named in the log as slow; 0: none is.",
    )
    installable: bool = Field(
        default=True,
        description="Browsers may install the page; false: no manifest, and the service worker is taken away at the next visit.",
    )
    threads: int = Field(default=12, ge=2, le=128, description="Worker threads for pages and JSON.")
    request_timeout: float = Field(
        default=1.0, ge=0.1, le=60, description="Seconds that a request waits for Redis, and for PostgreSQL, at most."
    )
    shared_port: bool = Field(
        default=False, description="Share the port with other processes; `serve --workers` sets it."
    )
    scheduler: bool = Field(default=True, description="Whether this process may run jobs; one process at a time does.")
    task_concurrency: int = Field(
        default=4,
        ge=0,
        le=64,
        description="Long tasks that each process runs at once, beside two quick ones, two mails and four webhooks; 0: none,"
        " `tracera worker` runs them.",
    )
    heartbeat_seconds: int = Field(default=1800, ge=0, description="An unchanged price is kept once in this time.")
    metrics_seconds: int = Field(default=60, ge=5, description="Seconds between two computations of the measures.")
    retention_days: int = Field(default=0, ge=0, description="Days raw quotes are kept; 0 keeps them for good.")
    demo_retention_days: int = Field(default=3, ge=1, description="Days raw simulated quotes are kept.")
    demo_history_days: int = Field(
        default=90, ge=0, le=365, description="Days of history the simulated market starts with."
    )
    backup_dir: Path | None = Field(
        default=None,
        description="Folder that backups are written into by a clock, of this instance alone; unset: none are.",
    )
    backup_hours: float = Field(default=24, ge=0.25, le=744, description="Hours between two of these backups.")
    backup_at: time = Field(default=time(3), description="Time of day (UTC) that these hours are counted from.")
    backup_keep: int = Field(
        default=7, ge=1, description="How many of these backups are kept; old ones go once a new one is whole."
    )
    stale_seconds: int = Field(default=60, ge=5, description="Ingestion silent for so long makes /readyz answer 503.")

    on_demand_pairs: int = Field(
        default=100,
        ge=0,
        le=2000,
        description="Pairs of an exchange that are streamed beside the configured ones while somebody has them open or on a watchlist.",
    )
    on_demand_seconds: float = Field(
        default=300, ge=5, description="Seconds that such a pair is streamed on after the last one left it."
    )

    # Not of the provider alone: inventories are fetched from there, too.
    steam_url: str = Field(default="https://steamcommunity.com", description="Base address of Steam's market.")
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

    webhook_hosts: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="Hosts that alerts may be sent to though they are in a private network or without TLS, comma-separated as"
        " `HOST` or `HOST:PORT`, for a network at home; empty: none.",
    )

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

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment goes before `.env`, and in each a secret may be named by its file."""
        del file_secret_settings
        places = (env_settings, dotenv_settings)
        read = [place for place in places if isinstance(place, EnvSettingsSource | DotEnvSettingsSource)]
        return init_settings, *(
            source for place in read for source in (place, SecretFilesSource(settings_cls, place.env_vars))
        )

    @field_validator("portfolio_fees")
    @classmethod
    def _fees(cls, value: str) -> str:
        for part in filter(None, (part.strip() for part in value.split(","))):
            if not re.fullmatch(r"[a-z0-9:_-]+=[0-9]{1,2}([.][0-9]{1,2})?", part):
                raise ValueError(f"{part!r} is not SOURCE=PERCENT")
        return value

    @field_validator("providers", "webhook_hosts", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("providers")
    @classmethod
    def _known(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if unknown := [name for name in value if name not in PROVIDERS]:
            raise ValueError(f"unknown: {', '.join(unknown)}; allowed: {', '.join(PROVIDERS)}")
        return value

    @field_validator("webhook_hosts")
    @classmethod
    def _hosts(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for host in value:
            if not re.fullmatch(r"([a-z0-9._-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?", host.lower()):
                raise ValueError(f"{host!r} is not HOST or HOST:PORT")
        return tuple(host.lower() for host in value)

    @field_validator(*(setting for setting in _FIELDS if setting.endswith("_key")))
    @classmethod
    def _header(cls, value: str | None) -> str | None:
        """Without the line break of a file; an HTTP client that refuses a header repeats it, the key and all."""
        if value is not None and not (value.strip().isascii() and value.strip().isprintable()):
            raise ValueError("must be one line of ASCII characters")
        return value.strip() if value is not None else None

    @field_validator("backup_at", mode="before")
    @classmethod
    def _time_of_day(cls, value: Any) -> Any:
        """A number would be taken as seconds, and a zone not at all."""
        if isinstance(value, str) and not re.fullmatch(r"\d\d:\d\d", value.strip()):
            raise ValueError("must be HH:MM, in UTC")
        return value

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
        if parts.path.strip("/") or parts.query or parts.fragment:
            raise ValueError("must be without a path: give Tracera a host name of its own, not a folder of another's")
        return value.rstrip("/")

    @property
    def logs_access(self) -> bool:
        """Whether each request is logged."""
        return self.log_json if self.access_log is None else self.access_log

    @model_validator(mode="after")
    def _keys(self) -> Self:
        for name in self.providers:
            if PROVIDERS[name].needs_key and not getattr(self, f"{name}_key"):
                raise ValueError(f"TRACERA_{name.upper()}_KEY is needed for the provider {name}")
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
