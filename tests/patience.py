"""How long a test waits: as long as a quiet machine needs, and longer where more runs than the machine has cores for."""

import os

CORES = os.cpu_count() or 1
MOST = 10


def crowding() -> float:
    """How many programs share a core now, by the load of the last minute: 1 to 10."""
    return min(MOST, max(1.0, os.getloadavg()[0] / CORES))


def within(seconds: float) -> float:
    """The seconds in which something ends that takes at most `seconds` on a machine with nothing else to do."""
    return seconds * crowding()
