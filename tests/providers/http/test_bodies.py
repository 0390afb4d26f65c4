import gzip
import zlib
from collections.abc import Callable

import brotli  # type: ignore[import-untyped]  # it ships no types
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.providers.http.bodies import BodyError, Unpacker

PACK: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    "br": brotli.compress,
    "gzip": gzip.compress,
    "deflate": zlib.compress,
}


def unpack(encoding: str, packed: bytes, size: int) -> bytes:
    unpacker = Unpacker(encoding)
    pieces = [piece for at in range(0, len(packed), size) for piece in unpacker.feed(packed[at : at + size])]
    unpacker.finish()
    return b"".join(pieces)


@pytest.mark.parametrize("encoding", PACK)
@given(body=st.binary(max_size=2000), size=st.integers(1, 500))
def test_packed_bodies_come_back_whatever_the_chunks(encoding: str, body: bytes, size: int) -> None:
    assert unpack(encoding, PACK[encoding](body), size) == body


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ["br", "gzip", "deflate"])
def test_a_large_body_comes_in_bounded_pieces(encoding: str) -> None:
    packed = PACK[encoding](b"[" * 20_000_000)
    sizes = [len(piece) for piece in Unpacker(encoding).feed(packed)]
    assert sum(sizes) == 20_000_000
    assert max(sizes) < 1_000_000


@pytest.mark.parametrize("encoding", ["br", "gzip", "deflate"])
def test_a_cut_body_is_noticed(encoding: str) -> None:
    packed = PACK[encoding](bytes(range(256)) * 50)
    with pytest.raises(BodyError):
        unpack(encoding, packed[:-4], 64)


@pytest.mark.parametrize("encoding", ["br", "gzip", "deflate"])
def test_garbage_is_refused(encoding: str) -> None:
    with pytest.raises(BodyError):
        unpack(encoding, b"\xff\x00garbage that nobody packed" * 20, 64)


def test_an_unknown_encoding_is_refused() -> None:
    with pytest.raises(BodyError, match="zstd"):
        Unpacker("zstd")
