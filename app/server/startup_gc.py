"""Start without the garbage collector: what is made then stays, and looking through it again and again finds nothing."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def settling() -> Iterator[None]:
    """Collect no garbage in the block, and never look through what it made."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
