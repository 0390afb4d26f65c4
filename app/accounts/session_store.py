"""Session store in Redis: `session:{id}` holds a session as JSON, `sessions:{user id}` lists a user's with the time last seen."""

import re
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import orjson
import redis

LIFETIME: Final = 72 * 3600
"""Seconds a session lives after its last use."""
TOUCH: Final = 300
"""A session in use is prolonged this often, at most."""
KEY, LIST = "session:{}", "sessions:{}"
USER: Final = "_user_id"
"""flask-login's name for the user in a session."""
CHUNK: Final = 1_000
"""Sessions read at once."""
_ID = re.compile(r"[A-Za-z0-9_-]{43}")
Data = dict[str, Any]


class SessionStore:
    """The sessions of one Redis; every method raises `redis.RedisError` while it is down.

    Args:
        client: one that does not wait long, because every page waits for it.
        cookie_name: of the cookie that carries the id.
    """

    def __init__(self, client: redis.Redis, cookie_name: str) -> None:
        self.cookie_name = cookie_name
        self.redis = client
        self.is_closed: Callable[[str | None], bool] = lambda _method: False
        """Whether sessions of a sign-in method are not accepted any more."""

    def read(self, session_id: str) -> tuple[Data, int] | None:
        """What a session holds and the seconds it has left, or None."""
        key = KEY.format(session_id)
        pipe = self.redis.pipeline(transaction=False)
        pipe.get(key)
        pipe.ttl(key)
        text, left = pipe.execute()
        if text is None:
            return None
        stored = orjson.loads(text)
        if not isinstance(stored, dict) or self.is_closed(stored.get("method")):
            return None
        return stored, left

    def user_token(self, session_id: str) -> str | None:
        """The user token of a session; None for an unknown session or a visitor's."""
        found = self.read(session_id)
        token = found[0].get(USER) if found else None
        return token if isinstance(token, str) else None

    def user_tokens(self, session_ids: Sequence[str]) -> dict[str, str]:
        """The user tokens of sessions; those that have ended, or are a visitor's, are left out."""
        found: dict[str, str] = {}
        for start in range(0, len(session_ids), CHUNK):
            chunk = session_ids[start : start + CHUNK]
            keys = [KEY.format(session_id) for session_id in chunk]
            for session_id, text in zip(chunk, self.redis.mget(keys), strict=True):
                stored = orjson.loads(text) if text else {}
                if isinstance(token := stored.get(USER), str) and not self.is_closed(stored.get("method")):
                    found[session_id] = token
        return found

    def write(self, session_id: str, data: Mapping[str, Any], *, new: bool) -> None:
        """Store a session. One that is not `new` is only changed: a session that was ended meanwhile stays ended."""
        key, user_id = KEY.format(session_id), _user_id(data)
        pipe = self.redis.pipeline()
        pipe.set(key, orjson.dumps(data), ex=LIFETIME, xx=not new)
        if new and user_id is not None:
            pipe.zadd(LIST.format(user_id), {session_id: time.time()})
            pipe.expire(LIST.format(user_id), LIFETIME)
        pipe.execute()

    def touch(self, session_id: str, data: Mapping[str, Any]) -> None:
        """Prolong a session that is in use."""
        user_id = _user_id(data)
        pipe = self.redis.pipeline()
        pipe.expire(KEY.format(session_id), LIFETIME)
        if user_id is not None:
            pipe.zadd(LIST.format(user_id), {session_id: time.time()}, xx=True)
            pipe.expire(LIST.format(user_id), LIFETIME)
        pipe.execute()

    def end(self, session_id: str, user_id: int | None = None) -> None:
        """Remove a session."""
        pipe = self.redis.pipeline()
        pipe.delete(KEY.format(session_id))
        if user_id is not None:
            pipe.zrem(LIST.format(user_id), session_id)
        pipe.execute()

    def of_user(self, user_id: int) -> list[tuple[str, float, Data]]:
        """A user's sessions as (id, time last seen, what it holds), the last used first; forgets those that ran out."""
        name = LIST.format(user_id)
        entries: Any = self.redis.zrevrange(name, 0, -1, withscores=True)
        seen = [(entry.decode(), float(at)) for entry, at in entries]
        if not seen:
            return []
        texts = self.redis.mget([KEY.format(session_id) for session_id, _ in seen])
        gone = [session_id for (session_id, _), text in zip(seen, texts, strict=True) if text is None]
        if gone:
            self.redis.zrem(name, *gone)
        stored = [(*entry, orjson.loads(text)) for entry, text in zip(seen, texts, strict=True) if text is not None]
        return [entry for entry in stored if _user_id(entry[2]) == user_id]

    def end_all(self, user_id: int) -> int:
        """Remove all sessions of a user; how many there were."""
        found = self.of_user(user_id)
        keys = [KEY.format(session_id) for session_id, _, _ in found]
        self.redis.delete(LIST.format(user_id), *keys)
        return len(found)

    def once(self, key: str, seconds: int) -> bool:
        """Whether a key is used for the first time in so many seconds."""
        return bool(self.redis.set(key, b"1", nx=True, ex=seconds))

    def put(self, key: str, value: bytes, seconds: int) -> None:
        """Store a value for some seconds."""
        self.redis.set(key, value, ex=seconds)

    def get(self, key: str) -> bytes | None:
        """A stored value."""
        return _bytes(self.redis.get(key))

    def pop(self, key: str) -> bytes | None:
        """A stored value, which is removed: only one caller ever gets it."""
        return _bytes(self.redis.getdel(key))

    def ping(self) -> None:
        """Raise where Redis is down."""
        self.redis.ping()


def new_session_id() -> str:
    """256 random bits."""
    return secrets.token_urlsafe(32)


def read_session_id(cookies: Mapping[str, str], name: str) -> str | None:
    """The session id that a request carries, if it could be one."""
    value = cookies.get(name)
    return value if value is not None and _ID.fullmatch(value) else None


def _user_id(data: Mapping[str, Any]) -> int | None:
    head, _, _ = str(data.get(USER, "")).partition(":")
    return int(head) if head.isascii() and head.isdigit() else None


def _bytes(answer: object) -> bytes | None:
    return answer if isinstance(answer, bytes) else None
