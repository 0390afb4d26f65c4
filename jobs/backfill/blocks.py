"""Block reader: yields a history file as blocks of whole lines, unpacked on the way, in bounded memory."""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

BLOCK = 8_000_000
PACKED_BLOCK = 1 << 18
BOM = b"\xef\xbb\xbf"
GZIP = b"\x1f\x8b"
GZIP_WINDOW = 31
"""What zlib calls a gzip stream."""


@dataclass(frozen=True, slots=True)
class Truncated:
    """The file ends, or goes bad, before its end; what came before is sound."""

    reason: str


class Source:
    """One file. `taken` and `size` are bytes on disk, for progress."""

    def __init__(self, path: Path) -> None:
        self.path, self.name = path, str(path)
        self.size = path.stat().st_size
        self.taken = 0

    def start(self) -> bytes:
        """The first bytes, unpacked."""
        for piece in self._pieces():
            if isinstance(piece, bytes) and piece:
                return piece
        return b""

    def whole(self, limit: int) -> bytes | Truncated | None:
        """All of the file, unpacked; None where that is more than `limit` bytes."""
        parts, total = [], 0
        for piece in self._pieces():
            if isinstance(piece, Truncated):
                return piece
            parts.append(piece)
            total += len(piece)
            if total > limit:
                return None
        return b"".join(parts)

    def blocks(self) -> Iterator[bytes | Truncated]:
        """Whole lines, each ended by a newline; after a `Truncated` nothing more comes, and the line it cut is left out."""
        parts: list[bytes] = []
        held = 0
        for piece in self._pieces():
            if isinstance(piece, Truncated):
                if whole := _lines(parts)[0]:
                    yield whole
                yield piece
                return
            parts.append(piece)
            held += len(piece)
            if held >= BLOCK:
                whole, rest = _lines(parts)
                parts, held = [rest], len(rest)
                if whole:
                    yield whole
        if last := b"".join(parts):
            yield last if last.endswith(b"\n") else last + b"\n"

    def _pieces(self) -> Iterator[bytes | Truncated]:
        self.taken = 0
        with self.path.open("rb") as file:
            packed = file.read(2) == GZIP
            file.seek(0)
            unpack = zlib.decompressobj(GZIP_WINDOW)
            while data := file.read(PACKED_BLOCK):
                self.taken += len(data)
                if not packed:
                    yield data
                    continue
                while data:
                    if unpack.eof:
                        data = data.lstrip(b"\0")
                        unpack = zlib.decompressobj(GZIP_WINDOW) if data else unpack
                    try:
                        piece = unpack.decompress(data, BLOCK)
                    except zlib.error as error:
                        yield Truncated(f"the compressed data is damaged from here on ({error})")
                        return
                    data = unpack.unconsumed_tail or unpack.unused_data
                    if piece:
                        yield piece
            if packed and not unpack.eof:
                yield Truncated("the compressed file ends early; lines from here on are missing")


def _lines(parts: list[bytes]) -> tuple[bytes, bytes]:
    """Whole lines, and the beginning of the next."""
    data = b"".join(parts)
    cut = data.rfind(b"\n") + 1
    return data[:cut], data[cut:]
