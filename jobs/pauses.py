"""Pauses: how long a source that failed is left alone."""


def doubled_pause(first: float, longest: float, failures: int, *, asked: float | None = None) -> float:
    """Seconds until the next attempt after `failures` in a row (one at least): `first`, doubled with each further one, up to `longest`.

    What the source `asked` for is waited in full, also where that is longer.
    """
    pause = first
    for _ in range(failures - 1):
        if pause >= longest:
            break
        pause *= 2
    return max(asked or 0.0, min(pause, longest))
