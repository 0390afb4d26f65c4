import secrets
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.accounts.api_keys import new_key
from app.logging.cleaning import DEEPEST, MOST, RECORD, Cleaner
from app.logging.escaping import escape
from app.logging.known import known_secrets
from app.logging.masking import Masker, is_secret_name
from app.logging.shapes import MASK
from app.settings import Settings
from tests.patience import within

LIMIT = 2_000
JWT = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJnLTEifQ.c2lnbmF0dXJlLW9mLWEtdGVzdA"
SIGNED = "IjdmNGU5ZjM2YzE4ZGE3Ig.aSg3Zw.Qb7dPq3v1TzXw0aYk5mLr8nUe2c"
TOKENS = st.builds(lambda _: secrets.token_urlsafe(32), st.integers())


def masked(text: str) -> str:
    return Masker().text(text, LIMIT)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgresql://tracera:pa@ss/word@db:5432/x", "postgresql://[masked]@db:5432/x"),
        ("redis://:hunter2@cache:6379/0 does not answer", "redis://[masked]@cache:6379/0 does not answer"),
        ("host=db password='a b c' user=x", "host=db password=[masked] user=x"),
        ("/shared/short", "/shared/[masked]"),
        ("/api/v1/shared/short?x=1", "/api/v1/shared/[masked]?x=1"),
        ("next=%2Fshared%2Fshort&x=1", "next=%2Fshared%2F[masked]&x=1"),
        ("/callback?code=abc&state=def&x=1", "/callback?code=[masked]&state=[masked]&x=1"),
        ("openid.sig=abc%3D&openid.mode=x&y=1", "openid.sig=[masked]&openid.mode=x&y=1"),
        ("return_to=http%3A%2F%2Fl%2Fcb%3Fstate%3Dabc", "return_to=http%3A%2F%2Fl%2Fcb%3Fstate%3D[masked]"),
        ("GET /v4/items?api_key=1b&app=730", "GET /v4/items?api_key=[masked]&app=730"),
        ("/magic-link/verify?token=abc", "/magic-link/verify?token=[masked]"),
        ("{'access_token': 'abc', 'expires_in': 5}", "{'access_token': [masked], 'expires_in': 5}"),
        ('{"id_token":"abc","x":"y"}', '{"id_token":[masked],"x":"y"}'),
        ("Authorization: Bearer abc.def", "Authorization: [masked]"),
        ("sent with bearer abcdef0123", "sent with bearer [masked]"),
        ("Cookie: tracera_session=a; x=b\nAccept: */*", "Cookie: [masked]\nAccept: */*"),
        ("(b'authorization', b'csfloat key')", "(b'authorization', [masked])"),
        ("ada.lovelace+x@example.org signed in", "[masked] signed in"),
        ("x=ada%40example.org", "x=[masked]"),
        ("Key (email)=(ada@example.org) already exists", "Key (email)=([masked]) already exists"),
        ("DETAIL:  Failing row contains (3, Ada, t, null).\nnext", "DETAIL:  Failing row contains [masked]\nnext"),
        ("{'cookies': {'sid': 'ab cd'}, 'x': 1}", "{'cookies': [masked], 'x': 1}"),
        ("password='ab cd", "password=[masked]"),
        (r"password='ab\' cd' x", "password=[masked] x"),
        (r"{\"token\":\"a b\",\"x\":\"y\"}", r"{\"token\":[masked],\"x\":\"y\"}"),
        ("secrets=['a', 'b'] x", "secrets=[masked] x"),
        ("id k3j2h4g5f6d7s8a9q0w1e2r3t4y5u6i7 x", "id [masked] x"),
        ("gho_16C7e42F292c", MASK),
        ("csrf_token=1", "csrf_token=[masked]"),
        ("token error: InvalidTokenError: expired yesterday", "token error: InvalidTokenError: expired yesterday"),
        ("http://localhost:8050/x?mail=ada@example.org", "http://localhost:8050/x?mail=[masked]"),
    ],
)
def test_text_loses_its_secret_and_nothing_else(text: str, shown: str) -> None:
    assert masked(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "AK-47 | Redline (Field-Tested)",
        "ak-47-redline-field-tested-with-a-name-of-some-length",
        "StatTrak™ M4A1-S | Hyper Beast",
        "app.analytics.portfolio.valuing_of_holdings.OverviewOfHoldings",
        "error code: 5, the market's state: open",
        "skinport: GET /v1/items: no complete reply in 20 s",
        "/api/v1/items?search=ak-47&limit=10",
        "2026-11-27T15:04:05.123456Z",
        "http://localhost:8050/items",
        "connection to server at 127.0.0.1, port 5432 failed: Connection refused",
    ],
)
def test_text_without_secrets_stays(text: str) -> None:
    assert masked(text) == text


@pytest.mark.slow
@pytest.mark.parametrize(
    "form", ["{}", "session:{}", "GET /a/{}/b", "'{}'", "x={}&y", "%2F{}%2F", "<{}>", "v.{}", "b'{}'"]
)
@given(token=TOKENS)
def test_random_values_are_masked_wherever_they_stand(form: str, token: str) -> None:
    for secret in (token, new_key(), secrets.token_urlsafe(24), secrets.token_hex(32), secrets.token_urlsafe(48)):
        shown = masked(f"before {form.format(secret)} after")
        assert secret not in shown
        assert secret[:12] not in shown
        assert shown.startswith("before ")
        assert shown.endswith(" after")


@pytest.mark.parametrize("signed", [JWT, SIGNED, f"v.{SIGNED}", f".{SIGNED}"])
def test_signed_values_are_masked_whole(signed: str) -> None:
    shown = masked(f"cookie was {signed} here")
    assert not any(part in shown for part in signed.split(".") if len(part) > 2)


@given(token=TOKENS, at=st.integers(0, 200))
def test_cut_leaves_no_part_of_a_secret(token: str, at: int) -> None:
    text = "word " * 30 + "x" * (at % 7) + " " + token + " and more" * 50
    shown = Masker().text(text, at)
    assert not any(token[start : start + 8] in shown for start in range(len(token) - 8))


def test_known_values_are_masked_also_escaped_for_an_address() -> None:
    masker = Masker(["plain words/of a key", "short"])
    assert masker.text("a plain words/of a key b", LIMIT) == "a [masked] b"
    assert masker.text("?x=plain%20words%2Fof%20a%20key", LIMIT) == "?x=[masked]"
    assert masker.text("a short walk", LIMIT) == "a short walk"
    printed = repr("Illegal header value " + repr(b"first-line\nsecond-line"))
    shown = Masker(["first-line\nsecond-line"]).text(printed, LIMIT)
    assert "first-line" not in shown
    assert "second-line" not in shown


def test_key_of_a_provider_is_one_line() -> None:
    assert Settings(_env_file=None, csfloat_key="a-key-of-a-file\n").model_dump()["csfloat_key"] == "a-key-of-a-file"
    with pytest.raises(ValueError, match="one line of ASCII"):
        Settings(_env_file=None, csfloat_key="two\nlines")


def test_secrets_among_the_settings_are_known() -> None:
    settings = Settings(
        _env_file=None,
        session_secret="s" * 32,
        google_client_id="id",
        google_client_secret="google-secret",  # noqa: S106
        csfloat_key=" csfloat-key \n",
        database_url="postgresql://u:data@base/word@db/x",
        redis_url="redis://:cache-word@h:1/0",
        smtp_password="mail-word",  # noqa: S106
    )
    wanted = {"s" * 32, "google-secret", "csfloat-key", "data@base/word", "cache-word", "mail-word"}
    assert known_secrets(settings) >= wanted


@pytest.mark.parametrize(
    "name",
    ["password", "SMTP_PASSWORD", "api_key", "X-API-Key", "Authorization", "set-cookie", "tracera_session", "access_token",
     "state", "code", "openid.response_nonce", "csrf_token", "client_secret", "email", "code_verifier"],
)  # fmt: skip
def test_names_of_secrets(name: str) -> None:
    assert is_secret_name(name)
    assert Cleaner(Masker()).value(name, "x y") == MASK
    assert Cleaner(Masker()).value("reply", {"deep": [{name: "x y"}]}) == {"deep": [{name: MASK}]}


def test_names_of_what_may_be_logged() -> None:
    assert not any(
        map(is_secret_name, ("event", "level", "status_code", "path", "error", "provider", "keys", "address"))
    )


def test_pairs_are_masked_by_their_first() -> None:
    headers = [("Authorization", "abc"), (b"cookie", b"a=b"), ("Accept", "json")]
    shown = Cleaner(Masker()).value("headers", headers)
    assert shown == [["Authorization", MASK], ["b'cookie'", MASK], ["Accept", "json"]]


VALUES = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner, inner),
    max_leaves=20,
)


@pytest.mark.slow
@given(VALUES)
def test_whatever_is_logged_is_plain_and_printable(value: object) -> None:
    def check(cleaned: object) -> None:
        if isinstance(cleaned, dict):
            for name, inner in cleaned.items():
                assert name.isprintable()
                check(inner)
        elif isinstance(cleaned, list):
            for inner in cleaned:
                check(inner)
        else:
            assert cleaned is None or isinstance(cleaned, int | float | str)
            assert not isinstance(cleaned, str) or cleaned.isprintable()

    check(Cleaner(Masker()).value("value", value))


def test_a_record_is_bounded_however_wide_and_deep_its_values() -> None:
    wide: list[object] = ["x" * 100_000] * 1_000
    for _ in range(DEEPEST + 3):
        wide = [wide] * MOST
    begun = time.perf_counter()
    shown = repr(Cleaner(Masker()).value("value", wide[:MOST]))
    assert len(shown) < 4 * RECORD
    assert time.perf_counter() - begun < within(2)
    assert Cleaner(Masker()).value("n", 10**5_000) == "a number of more than 128 bits"


class Unprintable:
    def __repr__(self) -> str:
        raise RuntimeError("no")


def test_a_value_that_cannot_be_printed_is_said_to_be() -> None:
    assert Cleaner(Masker()).value("x", Unprintable()) == "<Unprintable that cannot be printed: RuntimeError>"


@given(st.text())
def test_escaped_text_is_printable_and_keeps_what_was(text: str) -> None:
    assert escape(text).isprintable()
    if text.isprintable():
        assert escape(text) == text


def test_each_kind_of_control_character_is_escaped() -> None:
    kinds = "\x00\t\n\r\x1b\x7f\x85\x9b\u061c\u200e\u2028\u2029\u202e\u2066\ufeff\ud800\U000e0001"
    assert escape(kinds) == (
        "\\x00\\x09\\x0a\\x0d\\x1b\\x7f\\x85\\x9b\\u061c\\u200e\\u2028\\u2029\\u202e\\u2066\\ufeff\\ud800\\U000e0001"
    )


HOSTILE = (
    "a", "a@", "@", "token=", "token='", 'token="', "'token':'", "token", "://", "://a", "a.", "aA1_-", "/shared/", "%40a",
    "%2Fshared%2F", "bearer ", "cookie:", 'cookie: "', "%3Dcode%3D", "'cookie','", '\\"token\\":\\"', "token = ", "a" * 20 + ".",
    "token   ", "x-api-key", "token-----------", "'x.x.x.token", "eyJ", "eyJaaaaaaaa.", "x" * 64 + "@", "openid.aaaaaaaaaa",
)  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("piece", HOSTILE)
def test_masking_takes_linear_time(piece: str) -> None:
    """Ten times the text takes about ten times as long: not a hundred times."""

    def seconds(length: int) -> float:
        text = (piece * length)[:length]
        best = 9.0
        for _ in range(5):
            begun = time.thread_time()
            Masker().text(text, length)
            best = min(best, time.thread_time() - begun)
        return best

    assert seconds(40_000) < 60 * max(seconds(4_000), 0.0005)
