"""Start-up without garbage collection: what is made then stays, so it is never scanned."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_gc() -> Iterator[None]:
    """Collect no garbage in the block, and never look through what it made."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
