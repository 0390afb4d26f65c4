"""Types of callback inputs: a request with anything else is refused before the callback runs."""

from typing import Annotated, Literal

from pydantic import Field

LARGEST = 2**53
"""The largest whole number that a script keeps exactly."""

ItemId = Annotated[int, Field(ge=1, le=2**31 - 1)]
Times = Annotated[int, Field(ge=0, le=LARGEST)] | None
"""How often a button was pressed, or a clock has struck; None before the first time."""
Version = Annotated[float, Field(ge=0, le=LARGEST)] | None
"""When something changed, in milliseconds since 1970; None where it has not."""
PortfolioId = Annotated[int, Field(ge=1, le=LARGEST)] | None
"""Whose; None: the main one."""
Window = Literal["1h", "24h", "7d", "30d"]
LONGEST_NAME = 100
Name = Annotated[str, Field(max_length=LONGEST_NAME)]
Text = Annotated[str, Field(max_length=1000)]
