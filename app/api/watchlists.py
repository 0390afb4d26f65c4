"""Watchlists: a user's named lists of items, with notes and target prices."""

from typing import Any, Final, NoReturn

from flask import Response, abort
from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, ConfigDict, Field

from app.api.marketwatch import MOST, PRIVATE
from app.api.owner import owner, private
from app.runtime import services
from app.schemas import NO_NUL, Problem
from db.accounts import watchlists
from db.accounts.watchlists import Entry, NamedList, TakenError, TooManyError, UnknownItemError

blueprint = APIBlueprint(
    "watchlists", __name__, url_prefix="/api/v1", abp_tags=[Tag(name="watchlist")], abp_responses=PRIVATE
)
MOST_LISTS: Final = 20
"""Lists that a user may have."""
LONGEST_NOTE: Final = 4000


class Name(BaseModel):
    """What a list is called."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    name: str = Field(
        min_length=1, max_length=60, pattern=NO_NUL, description="Unlike the user's others, whatever its case."
    )


class Noted(BaseModel):
    """What one notes of an item."""

    model_config = ConfigDict(extra="forbid")

    note: str = Field("", max_length=LONGEST_NOTE, pattern=NO_NUL)
    target_price: int | None = Field(
        None, ge=1, le=2**53, description="In minor units of the item's currency; null: none."
    )


class KeptEntry(Noted):
    """The same of an item that a browser kept."""

    item_id: int = Field(ge=1, le=2**31 - 1)


class KeptList(Name):
    """A list that a browser kept."""

    items: list[KeptEntry] = Field(max_length=MOST)


class KeptLists(BaseModel):
    """All lists that a browser kept."""

    model_config = ConfigDict(extra="forbid")

    watchlists: list[KeptList] = Field(max_length=MOST_LISTS)


class ListedEntry(Noted):
    """An item on a list."""

    item_id: int
    note: str = Field("", description="One that holds those of merged lists may be longer than what can be sent.")
    added_at: str


class NamedWatchlist(BaseModel):
    """A list with what is on it, the first added first."""

    id: int
    name: str
    items: list[ListedEntry]


class Watchlists(BaseModel):
    """All lists of the user, the first made first: that one is `/marketwatch`."""

    watchlists: list[NamedWatchlist]


class Merged(Watchlists):
    """The same after a browser's were added; `unknown` are items that there are no more."""

    unknown: list[int]


class ListPath(BaseModel):
    """Which list."""

    list_id: int = Field(ge=1, le=2**31 - 1, description="The list's id.")


class EntryPath(ListPath):
    """Which item of which list."""

    item_id: int = Field(ge=1, le=2**31 - 1, description="The item's id.")


@blueprint.get("/watchlists", responses={200: Watchlists})
def get_watchlists() -> Response:
    """The user's lists."""
    return private(_listed(owner()))


@blueprint.post("/watchlists", responses={200: Watchlists, 409: Problem})
def make_watchlist(body: Name) -> Response:
    """Make an empty list."""
    user_id = owner(write=True)
    try:
        watchlists.create(services().database, user_id, body.name, MOST_LISTS)
    except (TakenError, TooManyError) as error:
        _refuse(error)
    return private(_listed(user_id))


@blueprint.patch("/watchlists/<int:list_id>", responses={200: Watchlists, 409: Problem})
def rename_watchlist(path: ListPath, body: Name) -> Response:
    """Give a list another name."""
    user_id = owner(write=True)
    try:
        if not watchlists.rename(services().database, user_id, path.list_id, body.name):
            abort(404, f"you have no watchlist {path.list_id}")
    except TakenError as error:
        _refuse(error)
    return private(_listed(user_id))


@blueprint.delete("/watchlists/<int:list_id>", responses={200: Watchlists})
def delete_watchlist(path: ListPath) -> Response:
    """Remove a list with what is on it."""
    user_id = owner(write=True)
    if not watchlists.delete(services().database, user_id, path.list_id):
        abort(404, f"you have no watchlist {path.list_id}")
    return private(_listed(user_id))


@blueprint.put("/watchlists/<int:list_id>/items/<int:item_id>", responses={200: Watchlists, 409: Problem})
def put_item(path: EntryPath, body: Noted) -> Response:
    """Put an item on a list, or write its note and target anew."""
    user_id = owner(write=True)
    try:
        entry = Entry(path.item_id, body.note.strip(), body.target_price)
        if not watchlists.put(services().database, user_id, path.list_id, entry, MOST):
            abort(404, f"you have no watchlist {path.list_id}")
    except UnknownItemError:
        abort(404, f"there is no item {path.item_id}")
    except TooManyError:
        abort(409, f"you watch {MOST} items already; take one off first")
    return private(_listed(user_id))


@blueprint.delete("/watchlists/<int:list_id>/items/<int:item_id>", responses={200: Watchlists})
def remove_item(path: EntryPath) -> Response:
    """Take an item off a list."""
    user_id = owner(write=True)
    if not watchlists.remove(services().database, user_id, path.list_id, path.item_id):
        abort(404, f"item {path.item_id} is not on your watchlist {path.list_id}")
    return private(_listed(user_id))


@blueprint.post("/watchlists/merge", responses={200: Merged, 409: Problem})
def merge_watchlists(body: KeptLists) -> Response:
    """Add lists that a browser kept for a visitor to the user's of the same names; all of them or, with an error, none."""
    user_id = owner(write=True)
    lists = [
        NamedList(one.name, [Entry(entry.item_id, entry.note.strip(), entry.target_price) for entry in one.items])
        for one in body.watchlists
    ]
    try:
        unknown = watchlists.merge(services().database, user_id, lists, MOST_LISTS, MOST)
    except TooManyError:
        abort(409, f"together that is more than {MOST_LISTS} lists or {MOST} items; take some off first")
    return private({**_listed(user_id), "unknown": unknown})


def _listed(user_id: int) -> dict[str, Any]:
    return {"watchlists": watchlists.of_user(services().database, user_id)}


def _refuse(error: TakenError | TooManyError) -> NoReturn:
    if isinstance(error, TakenError):
        abort(409, "you have a watchlist of this name already")
    abort(409, f"you have {MOST_LISTS} watchlists already; remove one first")
