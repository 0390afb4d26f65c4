"""Text decoding: recognises a file's encoding, or refuses the file with advice."""

import json
import re
from typing import Any, Final

import orjson

MARKS: Final = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
WORKBOOKS: Final = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
ADVICE: Final = "save it as CSV UTF-8"
_HIGH: Final = re.compile(rb"[\x80-\x9f\xa1-\xff]+")
_WESTERN: Final = re.compile(
    rb"[\xdf-\xff]{1,2}|[\xc0-\xde]{1,2}|[\x80\x85\x91-\x94\x96\x97\x99\xa3\xa5\xa7\xa9\xab\xae\xb0\xb4\xbb]"
)
"""One or two letters beside each other, or a sign that people write."""
_PROBE: Final = 4096


class FileError(ValueError):
    """The file as a whole cannot be read."""


def decode(data: bytes) -> tuple[str, str]:
    """Text and the encoding found: by its mark, UTF-8, UTF-16, or else the usual one of Western spreadsheets.

    Raises:
        FileError: it is a workbook, or in an encoding that cannot be told.
    """
    if data.startswith(WORKBOOKS):
        raise FileError(f"this is a workbook, not text; open it in the spreadsheet and {ADVICE}")
    encoding = next((encoding for mark, encoding in MARKS if data.startswith(mark)), None) or _without_mark(data)
    try:
        return data.decode(encoding), encoding
    except UnicodeDecodeError as error:
        raise FileError(
            f"the file seems to be {encoding}, but is not ({error.reason} at byte {error.start}); {ADVICE}"
        ) from error


def read_json(data: bytes) -> list[Any]:
    """The JSON documents of a file, one behind the other.

    Raises:
        FileError: it holds none, or one is not JSON; the message names the place.
    """
    text = decode(data)[0] if data.startswith(tuple(mark for mark, _ in MARKS)) else data.decode("utf-8", "replace")
    try:
        return [orjson.loads(text)]
    except orjson.JSONDecodeError:
        return _documents(text)


def _documents(text: str) -> list[Any]:
    """Slower, and of several documents."""
    decoder = json.JSONDecoder()
    found: list[Any] = []
    at = 0
    while (match := re.compile(r"[\s,]*").match(text, at)) and match.end() < len(text):
        try:
            document, at = decoder.raw_decode(text, match.end())
        except json.JSONDecodeError as error:
            raise FileError(
                f"line {error.lineno}, character {error.colno}: this is not JSON, or it is cut off"
            ) from error
        except (RecursionError, ValueError) as error:
            raise FileError("this is nested too deeply, or holds a number that is too long") from error
        found.append(document)
    return found


def _without_mark(data: bytes) -> str:
    """The encoding of text without a mark; that of the West only where its letters stand as they do there."""
    probe = data[:_PROBE]
    for encoding, zeros in (("utf-16-le", probe[1::2]), ("utf-16-be", probe[::2])):
        if 2 * zeros.count(0) > len(zeros) > 0:
            return encoding
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        western = all(_WESTERN.fullmatch(run) for run in _HIGH.findall(data))
        if not western:
            raise FileError(f"the file's encoding cannot be told; {ADVICE}") from None
        return "cp1252"
    return "utf-8"
