"""Schemas: requests and answers of the account routes."""

from datetime import datetime
from http import HTTPStatus
from typing import Any, Final, Literal

from flask_openapi3 import Tag
from pydantic import BaseModel, ConfigDict, Field

from app.schemas import Problem, Query

TAG: Final = Tag(name="account", description="Signing in, and what belongs to a signed-in user.")
Method = Literal["google", "github", "steam", "email", "local"]


class Body(BaseModel):
    """A JSON body; an unknown name is an error."""

    model_config = ConfigDict(extra="forbid")


class Me(BaseModel):
    """The signed-in user."""

    id: int
    name: str
    email: str | None = Field(description="Only a verified address; null where none is known.")
    avatar_url: str | None
    providers: list[str]
    steam_id: str | None = Field(description="SteamID64, as a string: JSON numbers are too short for it.")


class Token(BaseModel):
    """For `X-CSRF-Token`."""

    token: str


class Providers(BaseModel):
    """Ways to sign in."""

    configured: list[str] = Field(description="Those that this instance offers to this caller.")
    linked: list[str] = Field(description="Those that the signed-in user has; empty where nobody is signed in.")


class Message(BaseModel):
    """What happened."""

    message: str


class Done(Message):
    """What happened, and where to go on."""

    next: str


class LeaveQuery(Query):
    """How a sign-in begins."""

    next: str | None = Field(None, max_length=500, description="A path of ours to go on to.")
    link: bool = Field(default=False, description="Link to the signed-in account instead of signing in.")


class LinkQuery(Query):
    """How linking begins."""

    next: str | None = Field(None, max_length=500, description="A path of ours to go on to.")


class MagicBody(Body):
    """Who wants a link."""

    email: str = Field(max_length=254, description="Where to send it.")
    next: str | None = Field(None, max_length=500, description="A path of ours to go on to.")


class TokenQuery(Query):
    """A link's token."""

    token: str = Field(min_length=1, max_length=100, description="From the e-mail.")


class TokenForm(BaseModel):
    """The button of the confirming page."""

    token: str = Field(min_length=1, max_length=100)
    csrf_token: str | None = Field(None, description="Of the page.")


class NextBody(Body):
    """Where to go on."""

    next: str | None = Field(None, max_length=500, description="A path of ours to go on to.")


class UnlinkBody(Body):
    """Which method to unlink."""

    provider: Method


class SessionEntry(BaseModel):
    """Somewhere the user is signed in."""

    id: str = Field(description="Names the session; it is not the secret in the cookie.")
    current: bool
    method: str | None
    address: str | None
    user_agent: str | None
    created_at: datetime | None
    last_seen: datetime


class Sessions(BaseModel):
    """Everywhere the user is signed in, the last used first."""

    sessions: list[SessionEntry]


class SessionPath(BaseModel):
    """Which session."""

    entry_id: str = Field(pattern="^[0-9a-f]{16}$", description="From the list.")


class KeyBody(Body):
    """A key to make."""

    name: str = Field(min_length=1, max_length=60, description="To know it by.")
    scope: Literal["read", "full"] = Field("read", description="`read`: GET only.")


class KeyEntry(BaseModel):
    """A key as listed: never the key itself."""

    id: int
    name: str
    scope: str
    prefix: str
    created_at: datetime
    last_used: datetime | None


class Keys(BaseModel):
    """The user's keys."""

    keys: list[KeyEntry]


class NewKey(KeyEntry):
    """A key just made; `key` is shown this once."""

    key: str


class KeyPath(BaseModel):
    """Which key."""

    key_id: int = Field(ge=1, le=2**31 - 1)


class Event(BaseModel):
    """Something that happened to the account."""

    time: datetime
    event: str
    detail: dict[str, Any]
    address: str | None
    user_agent: str | None


class Activity(BaseModel):
    """The newest events."""

    activity: list[Event]


class DeleteBody(Body):
    """Deleting cannot be undone, so it is said in words."""

    confirm: Literal["delete my account"]


Responses = dict[str | int | HTTPStatus, type[BaseModel] | dict[Any, Any] | None]
PROBLEMS: Final[Responses] = {"400": Problem, "401": Problem, "403": Problem, "503": Problem}
