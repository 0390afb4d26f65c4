"""Rule: what a user asks to be told of, checked, with what follows where the user leaves it open."""

from typing import Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from app.analytics.portfolio.money import digits
from app.schemas import GREATEST
from app.times import Time

LONGEST_HOLD: Final = 7 * 86_400
LONGEST_COOLDOWN: Final = 30 * 86_400
MARGIN: Final = 0.02
"""Of a threshold of money: the default distance of the clear threshold, beyond a swing of 1 % to either side."""
POINTS: Final = 2.0
"""Percentage points, likewise of changes."""
SIGMAS: Final = 0.5


class Condition(BaseModel):
    """When a rule fires."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["price", "change", "sigma", "stale", "value"] = Field(
        description="`price` of the item's reference source, its `change` over a window, a move of 24 hours in daily `sigma`s of its own"
        " last 30 days, a `stale` price, or a portfolio's `value`."
    )
    item_id: int | None = Field(None, ge=1, le=2**31 - 1, description="The item, but for `value`.")
    portfolio_id: int | None = Field(None, ge=1, le=2**31 - 1, description="The portfolio, for `value`.")
    direction: Literal["above", "below", "either"] = Field(
        "above", description="`either` compares the amount, of `change` and `sigma`; `stale` is always `above`."
    )
    window: Literal["1h", "24h", "7d", "30d"] | None = Field(
        None, description="Of a `change`; 24h where none is given."
    )
    threshold: float = Field(
        ge=-GREATEST,
        le=GREATEST,
        allow_inf_nan=False,
        description="Fires from here on: minor units of money, percent, sigmas, or hours since the last price.",
    )
    clear: float | None = Field(
        None,
        ge=-GREATEST,
        le=GREATEST,
        allow_inf_nan=False,
        description="Ends beyond this, on the other side of the threshold; null: 2 % of money, 2 percentage points, half a sigma or half"
        " of the hours away from it.",
    )
    hold_seconds: int = Field(
        0, ge=0, le=LONGEST_HOLD, description="So long it must hold, and be over, before it counts."
    )
    cooldown_seconds: int = Field(3600, ge=0, le=LONGEST_COOLDOWN, description="The least time between two alerts.")
    once: bool = Field(default=False, description="Off after its first alert.")
    no_data: Literal["keep", "ok", "alert"] = Field(
        "keep",
        description="What an unknown value means: no change, that the condition does not hold, or an alert of its own.",
    )
    until: Time | None = Field(None, description="Off from then on.")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if (self.kind == "value") != (self.portfolio_id is not None) or (self.kind == "value") == (
            self.item_id is not None
        ):
            raise ValueError("value needs a portfolio_id, every other kind an item_id")
        if self.direction == "either" and self.kind not in {"change", "sigma"}:
            raise ValueError("either is for change and sigma")
        if self.kind == "stale" and self.direction != "above":
            raise ValueError("a stale price is above a number of hours")
        if self.threshold <= 0 and (self.kind in {"price", "stale", "value"} or self.direction == "either"):
            raise ValueError("this threshold is above 0")
        if self.kind != "change" and self.window is not None:
            raise ValueError("a window is of a change")
        if self.kind == "change":
            self.window = self.window or "24h"
        if self.clear is None:
            self.clear = default_clear(self.kind, self.direction, self.threshold)
        if (self.clear < self.threshold) if self.direction == "below" else (self.clear > self.threshold):
            raise ValueError("clear is on the other side of the threshold")
        return self


def default_clear(kind: str, direction: str, threshold: float) -> float:
    """A clear threshold that swings of 1 % around the threshold do not reach."""
    distance = {"price": MARGIN * abs(threshold), "value": MARGIN * abs(threshold), "change": POINTS, "sigma": SIGMAS}
    step = distance.get(kind, threshold / 2)
    if direction == "below":
        return threshold + step
    return max(threshold - step, threshold / 2) if direction == "either" else threshold - step


def with_scale(row: dict[str, Any]) -> dict[str, Any]:
    """A row with `price_scale`: an item's own, of a portfolio the minor units of its currency."""
    return row if row["portfolio_id"] is None else {**row, "price_scale": 10 ** digits(row["currency"])}
