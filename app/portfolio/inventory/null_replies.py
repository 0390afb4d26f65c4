"""Null replies: Steam sends `null` for one profile now and then, and for every profile when it throttles."""

from threading import Lock

PROFILES = 3


class NullReplies:
    """Profiles that were answered `null` since the last good reply; shared by the imports and looks of a process."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._profiles: set[str] = set()

    def seen(self, profile: str) -> bool:
        """Note a `null`; whether so many profiles in a row got one that it is a throttle."""
        with self._lock:
            self._profiles.add(profile)
            return len(self._profiles) >= PROFILES

    def answered(self) -> None:
        """Note a good reply."""
        with self._lock:
            self._profiles.clear()
