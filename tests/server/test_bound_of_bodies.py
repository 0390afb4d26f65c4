"""The depth of a JSON text, beside a plain count."""

import orjson
from hypothesis import given
from hypothesis import strategies as st

from app.security.body_limits import FILES, depth
from app.security.policy import ROUTES

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text(alphabet='[]{}"\\ a,:', max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(alphabet='[]{}"\\a', max_size=4), inner, max_size=3)
    ),
)


def levels(value: object) -> int:
    if isinstance(value, dict):
        return 1 + max(map(levels, value.values()), default=0)
    return 1 + max(map(levels, value), default=0) if isinstance(value, list) else 0


@given(VALUES)
def test_depth_counts_brackets_outside_of_strings(value: object) -> None:
    assert depth(orjson.dumps(value)) == levels(value)


@given(st.binary(max_size=200))
def test_depth_of_anything_is_a_number(text: bytes) -> None:
    assert depth(text) >= 0


def test_every_route_of_files_exists() -> None:
    assert {("POST", path) for path in FILES} <= set(ROUTES)
