"""GitHub's OAuth and the two API routes that sign-in needs, as UPSTREAMS 5.2 has them."""

import secrets
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from flask import Flask, Response, jsonify, redirect, request
from werkzeug.wrappers import Response as Answer

from tests.accounts.servers.wire import Odd, answer_oddly, challenge_holds


def default_user() -> dict[str, Any]:
    return {"id": 583231, "login": "octocat", "name": "The Octocat", "email": None, "avatar_url": None}


def default_emails() -> list[dict[str, Any]]:
    return [
        {"email": "old@example.org", "primary": False, "verified": True},
        {"email": "octocat@example.org", "primary": True, "verified": True},
    ]


@dataclass(slots=True)
class GitHub:
    """What the stand-in says and has seen."""

    user: dict[str, Any] = field(default_factory=default_user)
    emails: list[dict[str, Any]] | None = field(default_factory=default_emails)
    """None: the API refuses to tell them."""
    page: bool = False
    """Ask with a button, as in a browser; else agree at once."""
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    tokens: set[str] = field(default_factory=set)
    authorised: list[dict[str, str]] = field(default_factory=list)
    odd: Odd = field(default_factory=dict)


def app(state: GitHub) -> Flask:
    server = Flask("github")
    answer_oddly(server, state.odd)

    @server.get("/login/oauth/authorize")
    def authorize() -> Answer | str:
        asked = request.args.to_dict()
        if state.page and "agreed" not in asked:
            hidden = "".join(f'<input type="hidden" name="{name}" value="{value}">' for name, value in asked.items())
            return f'<form method="get">{hidden}<button name="agreed" value="1">Authorize octocat</button></form>'
        state.authorised.append(asked)
        code = secrets.token_hex(10)
        state.codes[code] = asked
        return redirect(f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}")

    @server.post("/login/oauth/access_token")
    def access_token() -> Response:
        asked = state.codes.pop(request.form.get("code", ""), None)
        credentials = request.authorization
        secret = credentials.password if credentials else request.form.get("client_secret")
        good = (
            asked is not None
            and secret == "github-secret"  # noqa: S105
            and challenge_holds(request.form.get("code_verifier", ""), asked["code_challenge"])
            and request.form.get("redirect_uri") == asked["redirect_uri"]
        )
        if good:
            token = f"gho_{secrets.token_hex(8)}"
            state.tokens.add(token)
            body = {"access_token": token, "token_type": "bearer", "scope": "read:user,user:email"}
        else:
            body = {"error": "bad_verification_code", "error_description": "The code passed is incorrect or expired."}
        # Errors too come with status 200, and all of it form-encoded unless JSON is asked for.
        if "application/json" in request.headers.get("Accept", ""):
            return jsonify(body)
        return Response(urlencode(body), mimetype="application/x-www-form-urlencoded")

    def allowed() -> bool:
        return request.headers.get("Authorization", "").removeprefix("Bearer ") in state.tokens

    @server.get("/user")
    def user() -> tuple[Response, int]:
        return (jsonify(state.user), 200) if allowed() else (jsonify({"message": "Bad credentials"}), 401)

    @server.get("/user/emails")
    def emails() -> tuple[Response, int]:
        if not allowed() or state.emails is None:
            return jsonify({"message": "Resource not accessible by integration"}), 403
        return jsonify(state.emails), 200

    return server
