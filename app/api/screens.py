"""Screens: what a user asks the items page for, kept under names."""

from typing import Annotated, Any, Final

from flask import Response, abort
from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, ConfigDict, Field

from app.api.marketwatch import PRIVATE
from app.api.owner import owner, private
from app.api.screener import Screen
from app.runtime import services
from app.schemas import NO_NUL, Problem
from db.accounts import screens

blueprint = APIBlueprint("screens", __name__, url_prefix="/api/v1", abp_tags=[Tag(name="items")], abp_responses=PRIVATE)
MOST: Final = 50
"""Screens that a user may keep."""

Column = Annotated[str, Field(max_length=40, pattern=r"^[a-z_0-9]+$")]


class AskedScreen(Screen):
    """As `GET /screener` takes it, without `start` and `limit`; numbers are no texts here."""

    model_config = ConfigDict(strict=True)


class NewScreen(BaseModel):
    """A screen to keep."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    name: str = Field(
        min_length=1, max_length=60, pattern=NO_NUL, description="Replaces what is kept under it, whatever its case."
    )
    query: AskedScreen
    columns: list[Column] = Field(
        [], max_length=40, description="Columns that are shown, in their order; empty: the reader's own."
    )


class KeptScreen(BaseModel):
    """A screen that is kept; `query` without what is the default."""

    id: int
    name: str
    query: dict[str, Any]
    columns: list[str]
    created_at: str


class Screens(BaseModel):
    """All that a user keeps, the first kept first."""

    screens: list[KeptScreen]


class Said(BaseModel):
    """What happened, in words."""

    message: str


class ScreenPath(BaseModel):
    """Which screen."""

    screen_id: int = Field(ge=1, le=2**31 - 1, description="The screen's id.")


@blueprint.get("/screens", responses={200: Screens})
def get_screens() -> Response:
    """The user's screens."""
    return private({"screens": screens.of_user(services().database, owner())})


@blueprint.post("/screens", responses={200: KeptScreen, 409: Problem})
def keep_screen(body: NewScreen) -> Response:
    """Keep a screen under a name."""
    user_id = owner(write=True)
    asked = body.query.model_dump(exclude_defaults=True)
    kept = screens.keep(services().database, user_id, body.name, asked, body.columns, MOST)
    if kept is None:
        abort(409, f"you keep {MOST} screens already; remove one first")
    return private(kept)


@blueprint.delete("/screens/<int:screen_id>", responses={200: Said})
def drop_screen(path: ScreenPath) -> Response:
    """Forget a screen."""
    if not screens.drop(services().database, owner(write=True), path.screen_id):
        abort(404, f"you keep no screen {path.screen_id}")
    return private({"message": "The screen is removed."})
