"""Settings: secrets from files, where a value comes from, and variables that nobody knows."""

from pathlib import Path

import pytest

from app.settings import SettingsError, load
from app.settings.files import MAX_BYTES
from app.settings.inspection import HIDDEN, UnknownVariable, in_force, unknown_variables
from tests.contract.test_docs import doc

SECRET = "a" * 40


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder without `.env`."""
    monkeypatch.chdir(tmp_path)


def secret_file(folder: Path, text: str) -> str:
    path = folder / "secret"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_a_secret_comes_from_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRACERA_SESSION_SECRET_FILE", secret_file(tmp_path, SECRET + "\n"))
    settings = load()
    assert settings.session_secret
    assert settings.session_secret.get_secret_value() == SECRET
    (row,) = [row for row in in_force(settings) if row.origin != "default"]
    assert (row.variable, row.value, row.origin) == (
        "TRACERA_SESSION_SECRET",
        HIDDEN,
        f"file {tmp_path / 'secret'}",
    )


def test_the_environment_goes_before_env_files_and_their_secret_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = secret_file(tmp_path, "postgresql://file/x")
    (tmp_path / ".env").write_text(f"TRACERA_DATABASE_URL_FILE={path}\n", encoding="utf-8")
    assert load().database_url == "postgresql://file/x"
    monkeypatch.setenv("TRACERA_DATABASE_URL", "postgresql://environment/x")
    assert load().database_url == "postgresql://environment/x"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"\n", "is empty"),
        (b"\xff", "is not UTF-8"),
        (b"x" * (MAX_BYTES + 1), "is larger than 64 kB"),
    ],
    ids=["empty", "line break", "bytes", "large"],
)
def test_a_file_that_cannot_be_a_secret_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, words: str
) -> None:
    (tmp_path / "secret").write_bytes(content)
    monkeypatch.setenv("TRACERA_SMTP_PASSWORD_FILE", str(tmp_path / "secret"))
    with pytest.raises(SettingsError, match=f"TRACERA_SMTP_PASSWORD_FILE: .*secret {words}"):
        load()


def test_a_file_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRACERA_REDIS_URL_FILE", "/nowhere/redis")
    with pytest.raises(SettingsError, match="TRACERA_REDIS_URL_FILE: /nowhere/redis: No such file"):
        load()


def test_a_setting_and_its_file_are_not_both_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRACERA_SESSION_SECRET", SECRET)
    monkeypatch.setenv("TRACERA_SESSION_SECRET_FILE", secret_file(tmp_path, SECRET))
    with pytest.raises(SettingsError, match="TRACERA_SESSION_SECRET_FILE and TRACERA_SESSION_SECRET are both set"):
        load()


def test_what_a_file_holds_is_checked_as_any_value(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRACERA_DATABASE_URL_FILE", secret_file(tmp_path, "mysql://x"))
    with pytest.raises(SettingsError, match="TRACERA_DATABASE_URL: must be postgresql://"):
        load()


def test_a_variable_that_is_no_setting_has_a_nearest_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRACERA_DATABSE_URL", "x")
    monkeypatch.setenv("TRACERA_THREADS_FILE", "x")  # not a secret
    (tmp_path / ".env").write_text("TRACERA_QQQQQ=1\nOTHER=1\n", encoding="utf-8")
    assert unknown_variables() == [
        UnknownVariable("TRACERA_DATABSE_URL", "TRACERA_DATABASE_URL"),
        UnknownVariable("TRACERA_QQQQQ", None),
        UnknownVariable("TRACERA_THREADS_FILE", "TRACERA_THREADS"),
    ]


def test_every_setting_that_a_file_may_hold_is_documented() -> None:
    text = doc("settings.md")
    for name in ("SESSION_SECRET", "DATABASE_URL", "REDIS_URL", "SMTP_PASSWORD", "CSFLOAT_KEY", "PRICEEMPIRE_KEY"):
        assert f"`TRACERA_{name}_FILE`" in text


@pytest.mark.parametrize("text", ["3", "180", "03:00+02:00", "25:00", "3:00", "noon"])
def test_a_time_of_day_is_hours_and_minutes(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("TRACERA_BACKUP_AT", text)
    with pytest.raises(SettingsError, match="TRACERA_BACKUP_AT"):
        load()
