"""A name server for one name, as Docker has one: it answers with where the processes are."""

import socketserver
import struct
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from socket import inet_aton

IPV4, INTERNET = 1, 1
HEADER = 12


@contextmanager
def serving_names(addresses: Callable[[], Sequence[str]]) -> Iterator[str]:
    """Answer whatever is asked with these addresses (RFC 1035); the server's own address."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            asked, connection = self.request
            connection.sendto(answer(asked, addresses()), self.client_address)

    with socketserver.ThreadingUDPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        yield f"127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def answer(asked: bytes, addresses: Sequence[str]) -> bytes:
    """The answer to one question: these addresses for IPv4, none of another kind."""
    end = asked.index(0, HEADER) + 5
    question = asked[HEADER:end]
    (kind,) = struct.unpack("!H", question[-4:-2])
    found = addresses if kind == IPV4 else ()
    head = asked[:2] + struct.pack("!5H", 0x8180, 1, len(found), 0, 0)
    pointer = 0xC000 | HEADER
    records = [struct.pack("!3HIH", pointer, IPV4, INTERNET, 0, 4) + inet_aton(address) for address in found]
    return head + question + b"".join(records)
