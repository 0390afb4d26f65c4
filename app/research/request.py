"""Backtest request: what a person asks of a backtest, checked before it waits for its turn."""

from datetime import date
from math import prod
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from app.research.backtest.grid import combinations
from app.research.backtest.strategies import Strategy
from app.schemas import NO_NUL

MAX_ITEMS: Final = 500
MAX_TRIES: Final = 400
Number = Annotated[float, Field(ge=0, le=10_000, allow_inf_nan=False)]


class Walk(BaseModel):
    """Walk-forward: choose on `train` bars, judge on the next `test`."""

    model_config = ConfigDict(extra="forbid")

    train: int = Field(ge=2, le=10_000, description="Bars on which parameters are chosen.")
    test: int = Field(ge=2, le=10_000, description="Bars on which what was chosen is judged.")


class BacktestRequest(BaseModel):
    """A strategy on bars of items, with the terms of trading."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(
        "", max_length=100, pattern=NO_NUL, description="What it is called; the strategy's name where it is empty."
    )
    strategy: Literal["buy_and_hold", "moving_average_cross", "bollinger_reversion", "momentum_rank"] = Field(
        description="Which rule."
    )
    items: list[Annotated[int, Field(ge=1, le=2**31 - 1)]] = Field(
        min_length=1, max_length=MAX_ITEMS, description="Ids of items of one currency, not of pairs."
    )
    source: str | None = Field(
        None,
        max_length=64,
        pattern=NO_NUL,
        description="Whose quotes; the first item's reference source where none is named.",
    )
    interval: Literal["1h", "1d", "1w"] = Field("1d", description="Width of a bar.")
    start: date | None = Field(None, description="First day in UTC.")
    end: date | None = Field(None, description="The first day that is left out.")
    parameters: dict[
        Annotated[str, Field(max_length=40)], Annotated[list[Number], Field(min_length=1, max_length=50)]
    ] = Field(default_factory=dict, max_length=8, description="Values by parameter; several are all tried.")
    walk: Walk | None = Field(None, description="Walk-forward over what is tried.")
    capital: float = Field(10_000, ge=1, le=1e9, allow_inf_nan=False, description="In units of the items' currency.")
    slippage: float = Field(0, ge=0, lt=100, allow_inf_nan=False, description="Percent a side.")
    protection: float = Field(
        7, ge=0, le=365, allow_inf_nan=False, description="Days in which what was bought cannot be sold."
    )
    share: float = Field(
        10,
        ge=0,
        le=100,
        allow_inf_nan=False,
        description="A purchase in percent of the volume of the bar before, at most; 0: any.",
    )

    @model_validator(mode="after")
    def check(self) -> Self:
        """What one field alone does not tell."""
        tries = prod(len(values) for values in self.parameters.values())
        if tries > MAX_TRIES:
            raise ValueError(f"parameters: at most {MAX_TRIES} combinations, not {tries}")
        if self.start and self.end and self.start >= self.end:
            raise ValueError("start: it lies before end")
        if self.walk and tries == 1:
            raise ValueError("walk: it needs several values of a parameter to choose among")
        self.strategies()
        return self

    def strategies(self) -> list[Strategy]:
        """Every combination of the parameters that the strategy allows.

        Raises:
            ValueError: an unknown parameter, or no combination is allowed.
        """
        return combinations(self.strategy, self.parameters)

    @property
    def title(self) -> str:
        """What it is called."""
        return self.name.strip() or self.strategy.replace("_", " ").capitalize()
