"""Alerts: a user's rules on items and portfolios, and the history of what they told."""

from datetime import UTC, datetime
from typing import Any, Final, Literal

from flask import Response, abort
from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.alerts.preview import DAYS, preview
from app.alerts.rule import LONGEST_COOLDOWN, LONGEST_HOLD, Condition, with_scale
from app.alerts.states import State
from app.api.marketwatch import PRIVATE
from app.api.owner import own_portfolio, owner, private
from app.runtime import services
from app.schemas import GREATEST, Problem, Query
from app.times import Time, rfc3339_second
from db.alerts import history, rules
from db.core.pool import Row

blueprint = APIBlueprint("alerts", __name__, url_prefix="/api/v1", abp_tags=[Tag(name="alerts")], abp_responses=PRIVATE)
MOST: Final = 200
"""Rules that a user may have."""


class ChangedRule(BaseModel):
    """What to change of a rule; what is left out stays. A rule whose condition changes, or that is turned on, begins anew."""

    model_config = ConfigDict(extra="forbid")

    enabled: bool | None = Field(None, description="Whether it is evaluated.")
    muted: bool | None = Field(None, description="Evaluated and kept in the history, but not told.")
    snoozed_until: Time | None = Field(None, description="The same until then; null ends it.")
    direction: Literal["above", "below", "either"] | None = None
    window: Literal["1h", "24h", "7d", "30d"] | None = None
    threshold: float | None = Field(None, ge=-GREATEST, le=GREATEST, allow_inf_nan=False)
    clear: float | None = Field(
        None, ge=-GREATEST, le=GREATEST, allow_inf_nan=False, description="Null: the default of the threshold."
    )
    hold_seconds: int | None = Field(None, ge=0, le=LONGEST_HOLD)
    cooldown_seconds: int | None = Field(None, ge=0, le=LONGEST_COOLDOWN)
    once: bool | None = None
    no_data: Literal["keep", "ok", "alert"] | None = None
    until: Time | None = Field(None, description="Null: for good.")


class Rule(BaseModel):
    """A rule, with where it is; `value` is what its threshold is compared with now, null where that is not known."""

    id: int
    kind: str
    item_id: int | None
    portfolio_id: int | None
    name: str
    currency: str
    price_scale: int
    direction: str
    window: str | None
    threshold: float
    clear: float
    hold_seconds: int
    cooldown_seconds: int
    once: bool
    no_data: str
    until: str | None
    enabled: bool
    muted: bool
    snoozed_until: str | None
    created_at: str
    state: Literal["ok", "pending", "firing", "recovering", "no_data", "done"]
    since: str
    value: float | None


class Rules(BaseModel):
    """All rules of the user, the newest first."""

    alerts: list[Rule]


class Told(BaseModel):
    """An event; `facts` hold the condition, what it is on, and the figures that explain it, as they were."""

    id: int
    rule_id: int | None
    kind: Literal["fired", "recovered", "no_data", "webhook_off"]
    time: str
    since: str
    muted: bool
    read: bool
    facts: dict[str, Any]


class Unread(BaseModel):
    """How many alerts the user has not seen."""

    unread: int


class Events(Unread):
    """Events, the newest first."""

    events: list[Told]


class Previewed(BaseModel):
    """When a rule would have fired, and of how many hours of the last 90 days its value is known."""

    fired: list[str]
    hours: int
    days: int


class Said(BaseModel):
    """What happened, in words."""

    message: str


class RulesQuery(Query):
    """Which of them."""

    item_id: int | None = Field(None, ge=1, le=2**31 - 1, description="On this item alone.")


class EventsQuery(Query):
    """Which page."""

    before: int | None = Field(None, ge=1, le=2**63 - 1, description="Those with smaller ids.")
    limit: int = Field(50, ge=1, le=200, description="At most so many.")


class Newest(BaseModel):
    """What was seen."""

    model_config = ConfigDict(extra="forbid")

    newest: int = Field(ge=1, le=2**63 - 1, description="The newest event's id: it and all before it.")


class RulePath(BaseModel):
    """Which rule."""

    alert_id: int = Field(ge=1, le=2**31 - 1, description="The rule's id.")


@blueprint.get("/alerts", responses={200: Rules})
def get_alerts(query: RulesQuery) -> Response:
    """The user's rules."""
    found = rules.of_user(services().database, owner(), datetime.now(UTC), query.item_id)
    return private({"alerts": [_rule(row) for row in found]})


@blueprint.post("/alerts", responses={200: Rule, 409: Problem})
def make_alert(body: Condition) -> Response:
    """Make a rule."""
    user_id = owner(write=True)
    try:
        made = rules.create(services().database, user_id, body.model_dump(), MOST)
    except rules.TooManyError:
        abort(409, f"you have {MOST} alerts already; delete one first")
    except rules.UnknownError:
        abort(404, _missing(body))
    return private(_rule(_own(user_id, made)))


@blueprint.post("/alerts/preview", responses={200: Previewed})
def preview_alert(body: Condition) -> Response:
    """When a rule would have fired over the last 90 days, looked at once an hour, of `once` every time; nothing is kept."""
    user_id = owner()
    if body.portfolio_id is not None:
        own_portfolio(user_id, body.portfolio_id)
    found = preview(services().database, user_id, body, datetime.now(UTC))
    if found is None:
        abort(404, _missing(body))
    fired = [rfc3339_second(time) for time in found.fired]
    return private({"fired": fired, "hours": found.hours, "days": DAYS})


@blueprint.get("/alerts/<int:alert_id>", responses={200: Rule})
def get_alert(path: RulePath) -> Response:
    """One of the user's rules."""
    return private(_rule(_own(owner(), path.alert_id)))


@blueprint.patch("/alerts/<int:alert_id>", responses={200: Rule})
def change_alert(path: RulePath, body: ChangedRule) -> Response:
    """Change a rule, mute it, snooze it, or turn it off and on."""
    user_id = owner(write=True)
    was = _own(user_id, path.alert_id)
    given = body.model_dump(exclude_unset=True)
    nothing = {"snoozed_until", "until", "clear", "window"}
    if empty := [name for name, value in given.items() if value is None and name not in nothing]:
        abort(400, f"{empty[0]} cannot be null")
    values: dict[str, Any] = {name: given[name] for name in ("enabled", "muted", "snoozed_until") if name in given}
    condition = {name: value for name, value in given.items() if name in rules.CONDITION}
    if condition:
        # A new threshold has a clear threshold of its own, unless both are given.
        moved = {"direction", "threshold", "window"} & condition.keys() and "clear" not in condition
        whole = {name: was[name] for name in rules.CONDITION} | condition | ({"clear": None} if moved else {})
        try:
            values |= Condition(**whole).model_dump()
        except ValidationError as error:
            abort(400, error.errors()[0]["msg"])
    if values:
        again = given.get("enabled") is True and (not was["enabled"] or was["state"] == State.DONE)
        rules.change(services().database, user_id, path.alert_id, values, anew=bool(condition) or again)
    return private(_rule(_own(user_id, path.alert_id)))


@blueprint.delete("/alerts/<int:alert_id>", responses={200: Said})
def delete_alert(path: RulePath) -> Response:
    """Remove a rule; what it told stays in the history."""
    if not rules.delete(services().database, owner(write=True), path.alert_id):
        abort(404, f"you have no alert {path.alert_id}")
    return private({"message": "The alert is deleted."})


@blueprint.get("/alerts/events", responses={200: Events})
def get_events(query: EventsQuery) -> Response:
    """What the user's rules told."""
    user_id, database = owner(), services().database
    found = history.page(database, user_id, query.before, query.limit)
    return private({"events": found, "unread": history.unread(database, user_id)})


@blueprint.get("/alerts/unread", responses={200: Unread})
def get_unread() -> Response:
    """How many alerts the user has not seen: what a bell asks for again and again."""
    return private({"unread": history.unread(services().database, owner())})


@blueprint.post("/alerts/events/read", responses={200: Unread})
def mark_read(body: Newest) -> Response:
    """Note that the user has seen events."""
    user_id, database = owner(write=True), services().database
    history.mark_read(database, user_id, body.newest)
    return private({"unread": history.unread(database, user_id)})


def _own(user_id: int, alert_id: int) -> Row:
    found = rules.one(services().database, user_id, alert_id, datetime.now(UTC))
    if found is None:
        abort(404, f"you have no alert {alert_id}")
    return found


def _rule(row: Row) -> dict[str, Any]:
    return {**with_scale(row), "state": State(row["state"]).name.lower()}


def _missing(body: Condition) -> str:
    return f"you have no portfolio {body.portfolio_id}" if body.portfolio_id else f"there is no item {body.item_id}"
