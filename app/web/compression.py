"""Compression: encodes every answer that is long enough and has no encoding yet."""

from flask import Flask, Response
from flask_compress import Compress

from app.content_encoding import BROTLI_LEVEL, ENCODINGS, GZIP_LEVEL, MIN_SIZE


def register_compression(server: Flask) -> None:
    """Compress every answer that has no encoding yet."""
    server.config["COMPRESS_ALGORITHM"] = list(ENCODINGS)
    server.config["COMPRESS_BR_LEVEL"] = BROTLI_LEVEL
    server.config["COMPRESS_LEVEL"] = GZIP_LEVEL
    server.config["COMPRESS_MIN_SIZE"] = MIN_SIZE
    Compress(server)
    server.after_request(_close_behind)


def _close_behind(response: Response) -> Response:
    """Close a file that is sent together with its answer: the compressor reads it, but does not close it."""
    close = getattr(response.response, "close", None)
    if close:
        response.call_on_close(close)
    return response
