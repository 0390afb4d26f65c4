"""Inventory errors: why an inventory could not be read, as messages that its owner can act on."""

import enum

from app.providers.base import ProviderError


class Reason(enum.StrEnum):
    """What kind of failure it is; the HTTP status follows from it."""

    NOT_LINKED = "not_linked"
    BAD_PROFILE = "bad_profile"
    NOT_FOUND = "not_found"
    PRIVATE = "private"
    COOLDOWN = "cooldown"
    THROTTLED = "throttled"
    UNAVAILABLE = "unavailable"
    MALFORMED = "malformed"
    INCOMPLETE = "incomplete"
    CHANGED = "changed"
    TOO_LARGE = "too_large"
    REDIS_DOWN = "redis_down"
    CONFIRM = "confirm"


STATUS = {
    Reason.NOT_LINKED: 400,
    Reason.BAD_PROFILE: 400,
    Reason.NOT_FOUND: 404,
    Reason.PRIVATE: 403,
    Reason.COOLDOWN: 429,
    Reason.CONFIRM: 409,
    Reason.THROTTLED: 503,
    Reason.UNAVAILABLE: 503,
    Reason.REDIS_DOWN: 503,
    Reason.MALFORMED: 502,
    Reason.INCOMPLETE: 502,
    Reason.CHANGED: 502,
    Reason.TOO_LARGE: 502,
}
KEPT = "Your holdings are as they were."
PROTECTED = (
    "Trade-protected items (received in the last days) may be in a context that Steam shows to their owner alone."
)
FORBIDDEN, NOT_FOUND, SERVER_ERROR = 403, 404, 500


class InventoryError(Exception):
    """An inventory could not be had; nothing was changed. `retry_after` is in seconds, where it is known.

    `gone` is how many assets an import would remove that waits for the owner's word.
    """

    def __init__(
        self, reason: Reason, message: str, *, retry_after: float | None = None, gone: int | None = None
    ) -> None:
        super().__init__(message)
        self.reason, self.retry_after, self.gone = reason, retry_after, gone

    @property
    def status(self) -> int:
        """The HTTP status to answer with."""
        return STATUS[self.reason]


def confirm(before: int, gone: int) -> InventoryError:
    """The question whether most of what was held is to be removed."""
    return InventoryError(
        Reason.CONFIRM,
        f"Steam no longer shows {gone:,} of your {before:,} items. {PROTECTED}"
        " Nothing was removed; confirm to remove them.",
        gone=gone,
    )


def explain(error: ProviderError) -> InventoryError:
    """What a refusal by Steam means for the owner."""
    wait = error.retry_after
    if error.kind == "throttled":
        when = f"in {max(1, round(wait))} seconds" if wait else "in a few minutes"
        return InventoryError(
            Reason.THROTTLED, f"Steam takes no more requests right now; try again {when}. {KEPT}", retry_after=wait
        )
    if error.kind == "auth":
        return InventoryError(
            Reason.PRIVATE,
            "This inventory is private. On Steam, open Edit Profile, Privacy Settings, set My profile and Inventory to Public,"
            f" and import again. {KEPT}",
        )
    if error.kind == "too_large":
        return InventoryError(Reason.TOO_LARGE, f"Steam's reply is too large to be an inventory. {KEPT}")
    if error.kind == "schema":
        return InventoryError(
            Reason.MALFORMED,
            "Steam answered with something that is no inventory, as it does during its maintenance (Tuesdays about 23:00 UTC);"
            f" try again in half an hour. {KEPT}",
        )
    return _explain_status(error)


def _explain_status(error: ProviderError) -> InventoryError:
    if error.status == FORBIDDEN:
        return InventoryError(
            Reason.UNAVAILABLE, f"Steam refuses requests from this server's address; try again in an hour. {KEPT}"
        )
    if error.status == NOT_FOUND:
        return InventoryError(Reason.NOT_FOUND, f"Steam knows no such account; check the address. {KEPT}")
    if error.status is not None and error.status < SERVER_ERROR:
        return InventoryError(
            Reason.MALFORMED, f"Steam did not accept the request (status {error.status}); try again later. {KEPT}"
        )
    if error.status is not None:
        return InventoryError(
            Reason.UNAVAILABLE,
            f"Steam has an error of its own (status {error.status}); try again in a few minutes. {KEPT}",
            retry_after=error.retry_after,
        )
    return InventoryError(Reason.UNAVAILABLE, f"Steam does not answer; try again in a few minutes. {KEPT}")
