"""Rate limits: parses `REQUESTS/SECONDS`."""

from typing import NamedTuple


class Limit(NamedTuple):
    """At most `amount` events in any `seconds` seconds."""

    amount: int
    seconds: int

    @classmethod
    def parse(cls, text: str) -> "Limit | None":
        """From `120/60`, or None from `0`: no limit.

        Raises:
            ValueError: anything else.
        """
        if text.strip() == "0":
            return None
        amount, slash, seconds = text.partition("/")
        if not (slash and amount.strip().isdecimal() and seconds.strip().isdecimal()):
            raise ValueError("must be REQUESTS/SECONDS, e.g. 120/60, or 0 for no limit")
        made = cls(int(amount), int(seconds))
        if min(made) < 1 or made.amount > 1_000_000 or made.seconds > 86_400:  # noqa: PLR2004
            raise ValueError("1 to 1000000 requests in 1 to 86400 seconds")
        return made
