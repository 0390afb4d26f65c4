"""Steam's OpenID 2.0, as UPSTREAMS 5.1 has it, and the ways to lie that it lists."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import urlencode

from flask import Flask, Response, redirect, request
from werkzeug.wrappers import Response as Answer

NS = "http://specs.openid.net/auth/2.0"
SIGNED = "signed,op_endpoint,claimed_id,identity,return_to,response_nonce,assoc_handle"
Pairs = list[tuple[str, str]]


@dataclass(slots=True)
class Steam:
    """What the stand-in says and has seen."""

    steam_id: str = "76561198000000001"
    page: bool = False
    """Ask with a button, as in a browser; else agree at once."""
    reply: str | None = None
    """The body of check_authentication; None: the truth."""
    status: int = 200
    twist: Callable[[Pairs], Pairs] | None = None
    """What an attacker changes on the way back; the signature covers what `resign` says."""
    believes: bool = False
    """Call everything valid: then only the checks on our side are left."""
    issued: set[str] = field(default_factory=set)
    checked: int = 0


def app(state: Steam) -> Flask:
    server = Flask("steam")

    @server.get("/openid/login")
    def login() -> Answer | str:
        asked = request.args.to_dict()
        if asked.get("openid.mode") != "checkid_setup" or asked.get("openid.ns") != NS or "openid.realm" not in asked:
            return "invalid request"
        if state.page and "agreed" not in asked:
            hidden = "".join(f'<input type="hidden" name="{name}" value="{value}">' for name, value in asked.items())
            return f'<form method="get">{hidden}<button name="agreed" value="1">Sign in through Steam</button></form>'
        return redirect(answer(state, request.host_url.rstrip("/") + "/openid", asked["openid.return_to"]))

    @server.post("/openid/login")
    def check() -> Response:
        state.checked += 1
        signature = request.form.get("openid.sig", "")
        good = request.form.get("openid.mode") == "check_authentication" and signature in state.issued
        if not state.believes:
            state.issued.discard(signature)
        valid = "true" if good or state.believes else "false"
        body = state.reply if state.reply is not None else f"ns:{NS}\nis_valid:{valid}\n"
        return Response(body, status=state.status, mimetype="text/plain")

    return server


def answer(state: Steam, base: str, return_to: str) -> str:
    """The address that the browser is sent back to."""
    signature = secrets.token_urlsafe(20)
    state.issued.add(signature)
    identity = f"{base}/id/{state.steam_id}"
    fields = [
        ("openid.ns", NS),
        ("openid.mode", "id_res"),
        ("openid.op_endpoint", f"{base}/login"),
        ("openid.claimed_id", identity),
        ("openid.identity", identity),
        ("openid.return_to", return_to),
        ("openid.response_nonce", f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}{secrets.token_urlsafe(18)}"),
        ("openid.assoc_handle", "1234567890"),
        ("openid.signed", SIGNED),
        ("openid.sig", signature),
    ]
    if state.twist:
        fields = state.twist(fields)
    return f"{return_to}{'&' if '?' in return_to else '?'}{urlencode(fields)}"
