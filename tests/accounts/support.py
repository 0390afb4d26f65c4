"""A browser without a screen: it keeps cookies, follows a provider and comes back."""

import ssl
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
from flask import Flask
from werkzeug.test import TestResponse

AUTH = "/api/v1/auth"
HTML = {"Accept": "text/html"}
JSON = {"Accept": "application/json"}


class Visitor:
    """One browser at one application."""

    def __init__(self, server: Flask, base_url: str = "http://localhost") -> None:
        self.client = server.test_client()
        self.base_url = base_url

    def get(self, path: str, **options: Any) -> TestResponse:
        return self.client.get(path, base_url=self.base_url, **({"headers": JSON} | options))

    def send(self, method: str, path: str, body: dict[str, Any] | None = None, **options: Any) -> TestResponse:
        """An unsafe request with a token of this session."""
        token = self.get(f"{AUTH}/csrf").get_json()["token"]
        headers = JSON | {"X-CSRF-Token": token, "Origin": self.base_url} | options.pop("headers", {})
        return self.client.open(path, method=method, json=body, base_url=self.base_url, headers=headers, **options)

    def me(self) -> dict[str, Any] | None:
        """Who is signed in here."""
        reply = self.get(f"{AUTH}/me")
        if reply.status_code == 401:
            return None
        assert reply.status_code == 200, reply.text
        found: dict[str, Any] = reply.get_json()
        return found

    def leave(self, path: str, **query: str) -> str:
        """Begin at a provider; the address the browser is sent to."""
        reply = self.get(f"{AUTH}/{path}", query_string=query)
        assert reply.status_code in {302, 303}, reply.text
        return reply.location

    def arrive(self, address: str) -> TestResponse:
        """Come back to an address of ours."""
        parts = urlsplit(address)
        assert f"{parts.scheme}://{parts.netloc}" == self.base_url
        return self.get(f"{parts.path}?{parts.query}")

    def through(self, path: str, **query: str) -> TestResponse:
        """All the way to a provider that agrees at once, and back."""
        return self.arrive(agreed(self.leave(path, **query)))

    def cookie(self, name: str = "tracera_session") -> str | None:
        found = self.client.get_cookie(name, domain=urlsplit(self.base_url).hostname or "localhost")
        return found.value if found else None


@cache
def _tls() -> ssl.SSLContext:
    """One for all: httpx would read every certificate of the machine at each request."""
    return ssl.create_default_context()


def agreed(address: str) -> str:
    """Where a provider sends the browser back to, once the person has agreed."""
    reply = httpx.get(address, follow_redirects=False, verify=_tls())
    assert reply.status_code == 302, reply.text
    return reply.headers["location"]


def query_of(address: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(address).query))
