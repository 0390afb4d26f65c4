"""Body decoding: unpacks replies piece by piece, so that a small reply cannot unpack into a large one unnoticed."""

import zlib
from collections.abc import Iterator

import brotli  # type: ignore[import-untyped]  # it ships no types

_PIECE = 1 << 18


class BodyError(Exception):
    """The body is not what its Content-Encoding says."""


class Unpacker:
    """Undoes one Content-Encoding. Encodings: `br`, `gzip`, `deflate` (zlib), or none.

    httpx's own decoders hand out whatever one network chunk unpacks to, which for brotli can be gigabytes.
    """

    def __init__(self, encoding: str) -> None:
        self._brotli: brotli.Decompressor | None = None
        self._zlib: zlib._Decompress | None = None
        if encoding == "br":
            self._brotli = brotli.Decompressor()
        elif encoding in {"gzip", "x-gzip", "deflate"}:
            self._zlib = zlib.decompressobj(zlib.MAX_WBITS | 32)
        elif encoding not in {"", "identity"}:
            raise BodyError(f"unknown Content-Encoding {encoding!r}")

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """Unpacked pieces of at most about a quarter of a megabyte. Raises BodyError on garbage."""
        try:
            if self._brotli is not None:
                yield from self._feed_brotli(self._brotli, chunk)
            elif self._zlib is not None:
                yield from self._feed_zlib(self._zlib, chunk)
            else:
                yield chunk
        except (brotli.error, zlib.error) as error:
            raise BodyError(f"the body cannot be unpacked: {error}") from error

    def finish(self) -> None:
        """Raises BodyError when the packed stream has not reached its own end: the reply was cut."""
        if self._brotli is not None and not self._brotli.is_finished():
            raise BodyError("the packed body ends too early")
        if self._zlib is not None and not self._zlib.eof:
            raise BodyError("the packed body ends too early")

    @staticmethod
    def _feed_brotli(packed: "brotli.Decompressor", chunk: bytes) -> Iterator[bytes]:
        piece = packed.process(chunk, output_buffer_limit=_PIECE)
        while piece:
            yield piece
            if packed.is_finished():
                return
            piece = packed.process(b"", output_buffer_limit=_PIECE)

    @staticmethod
    def _feed_zlib(packed: "zlib._Decompress", chunk: bytes) -> Iterator[bytes]:
        piece = b"more"
        # Input can be used up while output still waits inside: then the piece is as long as it may be.
        while not packed.eof and (chunk or len(piece) == _PIECE):
            piece = packed.decompress(chunk, _PIECE)
            chunk = packed.unconsumed_tail
            yield piece
