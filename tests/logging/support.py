"""A browser over real HTTP that remembers every secret it meets."""

import json
import re
from http.cookies import SimpleCookie
from typing import Any, Self
from urllib.parse import unquote, urljoin

import httpx

from tests.accounts.support import AUTH, HTML, JSON, agreed, query_of
from tests.conftest import Site

SECRET_FIELDS = ("state", "code", "token", "nonce", "code_challenge", "openid.sig")


class Person:
    """One browser at a running site; `secrets` is shared by all people of a test."""

    def __init__(self, site: Site, secrets: set[str]) -> None:
        self.secrets = secrets
        self.site = site
        self.token = ""
        self.client = httpx.Client(base_url=site.url, follow_redirects=False, timeout=30, headers=JSON)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        reply = self.client.request(method, path, **options)
        for header in reply.headers.get_list("set-cookie"):
            self.secrets |= {unquote(morsel.value) for morsel in SimpleCookie(header).values() if morsel.value}
        self._note(reply.headers.get("location", ""))
        return reply

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.request("GET", path, **options)

    def send(self, method: str, path: str, body: Any = None, **options: Any) -> httpx.Response:
        """An unsafe request with a token of this session."""
        asked = self.get(f"{AUTH}/csrf")
        if asked.is_success:  # else the last one: something is broken on purpose
            self.token = asked.json()["token"]
            self.secrets.add(self.token)
        headers = {"X-CSRF-Token": self.token, "Origin": self.site.url} | options.pop("headers", {})
        return self.request(method, path, json=body, headers=headers, **options)

    def callback(self, output: str, *values: tuple[str, str, Any]) -> httpx.Response:
        """A callback as Dash's renderer asks for it."""
        inputs = [{"id": name, "property": prop, "value": value} for name, prop, value in values]
        outputs = [
            dict(zip(("id", "property"), one.rsplit(".", 1), strict=True)) for one in output.strip(".").split("...")
        ]
        body = {
            "output": output,
            "outputs": outputs if output.startswith("..") else outputs[0],
            "inputs": inputs[:1],
            "state": inputs[1:],
            "changedPropIds": [f"{values[0][0]}.{values[0][1]}"],
        }
        return self.send("POST", "/_dash-update-component", body)

    def leave(self, path: str, **query: str) -> str:
        reply = self.get(f"{AUTH}/{path}", params=query)
        assert reply.status_code in {302, 303}, reply.text
        return reply.headers["location"]

    def back(self, path: str, **query: str) -> str:
        """Where the provider sends the browser."""
        address = agreed(self.leave(path, **query))
        self._note(address)
        return address

    def through(self, path: str, **query: str) -> httpx.Response:
        return self.get(self.back(path, **query))

    def open(self, path: str) -> httpx.Response:
        """Look at a page."""
        return self.get(path, headers=HTML)

    def _note(self, address: str) -> None:
        fields = query_of(urljoin(self.site.url, address))
        self.secrets |= {fields[name] for name in SECRET_FIELDS if fields.get(name)}
        self.secrets.add(fields.get("openid.response_nonce", "")[len("2026-01-01T00:00:00Z") :])
        if "openid.return_to" in fields:
            self._note(fields["openid.return_to"])


def is_record(line: str) -> bool:
    """Whether a line is a record of ours, in either form, or belongs to the one before."""
    if line.startswith(("Starting the servers", "Schema: ", "Tracera is at http", "Stop it with", "    ")):
        return True
    if line.startswith("{"):
        return isinstance(json.loads(line), dict)
    return re.match(r"\d{4}-\d\d-\d\dT[0-9:.]+Z \[\w+ *\] ", line) is not None
