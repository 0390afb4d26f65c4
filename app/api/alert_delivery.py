"""Delivery of alerts: the user's webhook, e-mail and quiet hours, and what became of what was sent."""

from datetime import UTC, datetime, time
from typing import Any, Final, Literal

from flask import Response, abort
from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, ConfigDict, Field

from app.accounts.matching import log_activity
from app.alerts import addresses, outbox
from app.alerts.quiet import Quiet, problem
from app.alerts.webhook import new_secret
from app.api.marketwatch import PRIVATE
from app.api.owner import owner, private
from app.api.replies import encode
from app.api.tasks import wait_for
from app.runtime import services
from app.schemas import NO_NUL, Problem, Query, Row
from app.tasks.waiting import Answer
from db.alerts import deliveries, preferences, webhooks
from db.core.pool import Database
from db.tasks import queue

blueprint = APIBlueprint(
    "alert_delivery", __name__, url_prefix="/api/v1", abp_tags=[Tag(name="alerts")], abp_responses=PRIVATE
)
CLOCK: Final = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"
NONE: Final = "you have no webhook; set one first"


class WebhookAddress(BaseModel):
    """Where alerts are to go."""

    model_config = ConfigDict(extra="forbid")

    url: str = Field(
        min_length=1, max_length=addresses.LONGEST, pattern=NO_NUL, description="https, and a public host."
    )


class WebhookSwitch(BaseModel):
    """Whether alerts go there."""

    model_config = ConfigDict(extra="forbid")

    enabled: bool = Field(strict=True)


class Webhook(BaseModel):
    """A webhook; `gone_at` is when its receiver answered 410, `former_until` until when the secret of before signs too."""

    url: str
    enabled: bool = Field(strict=True)
    gone_at: str | None
    created_at: str
    former_until: str | None


class WebhookAnswer(BaseModel):
    """The user's webhook, null for none."""

    webhook: Webhook | None


class WebhookSecret(WebhookAnswer):
    """The same with a secret that was just made; null: it is the one of before."""

    secret: str | None
    message: str


class Delivery(BaseModel):
    """A delivery; `next_try` is when it is tried again, null where it is not."""

    id: int
    channel: Literal["webhook", "mail"]
    message_id: str
    test: bool
    alerts: int
    created_at: str
    state: Literal["held", "waiting", "delivered", "gone", "refused", "failed"]
    tries: int
    status: int | None
    said: str | None
    tried_at: str | None
    next_try: str | None


class Deliveries(BaseModel):
    """Deliveries, the newest first."""

    deliveries: list[Delivery]


class DeliveriesQuery(Query):
    """Which of the deliveries."""

    before: int | None = Field(None, ge=1, le=2**63 - 1, description="Those with smaller ids.")
    limit: int = Field(20, ge=1, le=100, description="At most so many.")


class TestedWebhook(BaseModel):
    """How a test ended, or a task that has not."""

    message: str
    delivery: Delivery


class MailSwitch(BaseModel):
    """Whether alerts come by e-mail."""

    model_config = ConfigDict(extra="forbid")

    by_mail: bool = Field(strict=True)


class QuietHours(BaseModel):
    """When nothing is sent, each day by the clock of a time zone; what fires meanwhile comes together at the end."""

    model_config = ConfigDict(extra="forbid")

    time_zone: str = Field(min_length=1, max_length=64, pattern=NO_NUL, description="As `Europe/Berlin`.")
    quiet_from: str = Field(pattern=CLOCK, description="HH:MM.")
    quiet_until: str = Field(pattern=CLOCK, description="HH:MM, of the same day or the next; at most 20 hours later.")


class Preferences(BaseModel):
    """Whether alerts come by e-mail, to which address (null where none is verified), and quiet hours, null for none."""

    by_mail: bool = Field(strict=True)
    email: str | None
    quiet_hours: QuietHours | None
    message: str | None = None


class Outcome(BaseModel):
    """What happened to a webhook, in words."""

    message: str


@blueprint.get("/alerts/webhook", responses={200: WebhookAnswer})
def get_webhook() -> Response:
    """Where the user's alerts are sent."""
    return private({"webhook": webhooks.of_user(services().database, owner())})


@blueprint.put("/alerts/webhook", responses={200: WebhookSecret})
def put_webhook(body: WebhookAddress) -> Response:
    """Set where alerts are sent; the first time the answer has the secret that signs them, and no answer after it has."""
    user_id, held = owner(write=True), services()
    try:
        target = addresses.checked(body.url, held.settings.webhook_hosts)
    except addresses.RefusedAddressError as error:
        abort(400, str(error))
    except OSError:
        abort(400, "the name in this address is not known")
    secret = new_secret()
    is_new = webhooks.put(held.database, user_id, body.url, secret)
    log_activity(held.database, user_id, "webhook-set", {"name": target.url.host})
    return _with_secret(user_id, secret if is_new else None, "The webhook is set.")


@blueprint.patch("/alerts/webhook", responses={200: WebhookAnswer})
def switch_webhook(body: WebhookSwitch) -> Response:
    """Turn the webhook off, or on again."""
    user_id, database = owner(write=True), services().database
    if not webhooks.switch(database, user_id, enabled=body.enabled):
        abort(404, NONE)
    return private({"webhook": webhooks.of_user(database, user_id)})


@blueprint.delete("/alerts/webhook", responses={200: Outcome})
def delete_webhook() -> Response:
    """Forget the webhook; what waits to be sent there is not sent."""
    user_id, database = owner(write=True), services().database
    if not webhooks.delete(database, user_id):
        abort(404, NONE)
    log_activity(database, user_id, "webhook-delete", {})
    return private({"message": "The webhook is deleted."})


@blueprint.post("/alerts/webhook/secret", responses={200: WebhookSecret})
def rotate_secret() -> Response:
    """Sign by a new secret, which the answer has; for 24 hours messages are signed by the one before too."""
    user_id, database, secret = owner(write=True), services().database, new_secret()
    if not webhooks.rotate(database, user_id, secret):
        abort(404, NONE)
    log_activity(database, user_id, "webhook-rotate", {})
    return _with_secret(user_id, secret, "The secret is changed.")


@blueprint.post("/alerts/webhook/test", responses={200: TestedWebhook, 202: Row, 409: Problem})
def test_webhook() -> Response:
    """Send a signed test message the way alerts go, once; the answer says how it ended, or is 202 where that takes longer."""
    user_id, database = owner(write=True), services().database
    if webhooks.of_user(database, user_id) is None:
        abort(404, NONE)
    with database.connection() as connection, connection.transaction():
        queue.lock(connection, f"alert test:{user_id}")
        put = deliveries.test_under_way(connection, user_id) or outbox.send(
            connection, user_id, "webhook", [], test=True
        )
    if put is None:
        raise LookupError("a test is never held")
    delivery_id, task_id = put
    return wait_for(task_id, lambda: _ended(database, user_id, delivery_id))


@blueprint.get("/alerts/deliveries", responses={200: Deliveries})
def get_deliveries(query: DeliveriesQuery) -> Response:
    """What was sent out of the app, and what became of it."""
    return private({"deliveries": deliveries.page(services().database, owner(), query.before, query.limit)})


@blueprint.get("/alerts/preferences", responses={200: Preferences})
def get_preferences() -> Response:
    """How else the user is told, and when not."""
    return _preferences(owner())


@blueprint.put("/alerts/mail", responses={200: Preferences, 409: Problem})
def set_mail(body: MailSwitch) -> Response:
    """Turn e-mail on or off; on only where the instance has a mail server and the user a verified address."""
    user_id, held = owner(write=True), services()
    if body.by_mail and not held.settings.smtp_host:
        abort(409, "this instance has no mail server")
    if body.by_mail and preferences.of_user(held.database, user_id)["email"] is None:
        abort(409, "no verified e-mail address of yours is known; sign in with one first")
    preferences.set_mail(held.database, user_id, by_mail=body.by_mail)
    return _preferences(user_id, "Alerts come by e-mail too." if body.by_mail else "No more alerts by e-mail.")


@blueprint.put("/alerts/quiet-hours", responses={200: Preferences})
def set_quiet_hours(body: QuietHours) -> Response:
    """Set when nothing is sent."""
    user_id = owner(write=True)
    hours = Quiet(body.time_zone, time.fromisoformat(body.quiet_from), time.fromisoformat(body.quiet_until))
    if wrong := problem(hours):
        abort(400, wrong)
    outbox.set_quiet(services().database, user_id, hours, datetime.now(UTC))
    return _preferences(user_id, "Quiet hours are set.")


@blueprint.delete("/alerts/quiet-hours", responses={200: Preferences})
def delete_quiet_hours() -> Response:
    """Send at any time; what is held goes now."""
    user_id = owner(write=True)
    outbox.set_quiet(services().database, user_id, None, datetime.now(UTC))
    return _preferences(user_id, "There are no quiet hours.")


def _preferences(user_id: int, message: str | None = None) -> Response:
    row = preferences.of_user(services().database, user_id)
    hours = outbox.quiet_of(row)
    quiet = hours and {
        "time_zone": hours.zone,
        "quiet_from": f"{hours.start:%H:%M}",
        "quiet_until": f"{hours.end:%H:%M}",
    }
    return private({"by_mail": row["by_mail"], "email": row["email"], "quiet_hours": quiet, "message": message})


def _with_secret(user_id: int, secret: str | None, message: str) -> Response:
    found = webhooks.of_user(services().database, user_id)
    return private({"webhook": found, "secret": secret, "message": message})


def _ended(database: Database, user_id: int, delivery_id: int) -> Answer:
    """What the request gets whose test ended."""
    row: dict[str, Any] | None = deliveries.one(database, user_id, delivery_id)
    said = (row and row["said"]) or "It was not sent."
    if row is None or row["state"] != "delivered":
        return Answer(409, encode({"error": f"The test failed. {said}".rstrip(".")}))
    return Answer(200, encode({"message": f"The test was delivered. {said}", "delivery": row}))
