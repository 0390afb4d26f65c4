"""What-if analysis: quantities after a change of the holdings."""

from collections.abc import Mapping


class ChangeError(ValueError):
    """A change cannot be made; the message says why."""


def apply(quantities: Mapping[int, int], changes: Mapping[int, int]) -> dict[int, int]:
    """Quantities by item after changes (added positive, removed negative); a swap is one of each.

    Raises:
        ChangeError: more is removed than is held.
    """
    after = dict(quantities)
    for item, change in changes.items():
        left = after.get(item, 0) + change
        if left < 0:
            raise ChangeError(f"only {after.get(item, 0)} of item {item} are held, {-change} cannot be removed")
        after[item] = left
    return {item: quantity for item, quantity in after.items() if quantity}
