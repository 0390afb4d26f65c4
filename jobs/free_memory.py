"""Free memory: gives the system back what a large run needed and freed, which the C library keeps for later otherwise."""

import ctypes
import sys


def give_back() -> None:
    """Give it back where the C library can: glibc. Takes some ten milliseconds, in which other threads wait for memory."""
    if sys.platform == "linux" and hasattr(library := ctypes.CDLL(None), "malloc_trim"):  # musl keeps nothing
        library.malloc_trim(0)
