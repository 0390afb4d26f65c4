"""An OpenID provider that can be told to lie in its id_token; it checks PKCE and uses a code once."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import urlencode

from flask import Flask, Response, jsonify, redirect, request
from joserfc import jwt
from joserfc.jwk import RSAKey
from werkzeug.wrappers import Response as Answer

from tests.accounts.servers.wire import Odd, answer_oddly, challenge_holds

Claims = dict[str, Any]


def default_claims() -> Claims:
    return {"sub": "g-1", "email": "ada@example.org", "email_verified": True, "name": "Ada"}


def new_key() -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": "one"})


own_key = cache(new_key)
"""Large primes take a while to find; every stand-in may have the same ones."""


@dataclass(slots=True)
class Oidc:
    """What the stand-in says and has seen."""

    claims: Claims = field(default_factory=default_claims)
    lie: Callable[[Claims], Claims] | None = None
    write: Callable[[Claims], str] | None = None
    """Signs claims in place of the usual way."""
    extra: Claims = field(default_factory=dict)
    """What else it says of itself."""
    with_id_token: bool = True
    foreign_key: bool = False
    key: RSAKey = field(default_factory=own_key)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    issued: list[str] = field(default_factory=list)
    """Every token."""
    odd: Odd = field(default_factory=dict)


def app(state: Oidc) -> Flask:
    server = Flask("oidc")
    answer_oddly(server, state.odd)

    def base() -> str:
        return request.host_url.rstrip("/")

    @server.get("/.well-known/openid-configuration")
    def metadata() -> Response:
        return jsonify(
            {
                "issuer": base(),
                "authorization_endpoint": f"{base()}/authorize",
                "token_endpoint": f"{base()}/token",
                "jwks_uri": f"{base()}/jwks",
                "id_token_signing_alg_values_supported": ["RS256"],
                **state.extra,
            }
        )

    @server.get("/jwks")
    def jwks() -> Response:
        return jsonify({"keys": [state.key.as_dict(private=False)]})

    @server.get("/authorize")
    def authorize() -> Answer:
        asked = request.args.to_dict()
        code = secrets.token_hex(10)
        state.codes[code] = asked
        return redirect(f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}")

    @server.post("/token")
    def token() -> tuple[Response, int]:
        asked = state.codes.pop(request.form.get("code", ""), None)
        if asked is None or not challenge_holds(request.form.get("code_verifier", ""), asked["code_challenge"]):
            return jsonify({"error": "invalid_grant"}), 400
        body: dict[str, Any] = {"access_token": secrets.token_hex(8), "token_type": "Bearer", "expires_in": 3600}
        if state.with_id_token:
            body["id_token"] = _id_token(state, base(), asked)
        state.issued += [body["access_token"], body.get("id_token", "")]
        return jsonify(body), 200

    return server


def _id_token(state: Oidc, issuer: str, asked: dict[str, str]) -> str:
    now = int(time.time())
    stamp = {"iss": issuer, "aud": asked["client_id"], "iat": now, "exp": now + 600, "nonce": asked["nonce"]}
    claims: Claims = state.claims | stamp
    if state.lie:
        claims = state.lie(claims)
    if state.write:
        return state.write(claims)
    key = new_key() if state.foreign_key else state.key
    return jwt.encode({"alg": "RS256", "kid": "one"}, claims, key)
