"""What is known of sources beyond their name."""

SIMULATED = ("demo",)
"""Sources whose prices are invented; they never speak for an item that has a real one."""


def is_simulated(source: str | None) -> bool:
    """Whether a source's prices are invented."""
    return source in SIMULATED
