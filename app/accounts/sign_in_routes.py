"""Sign-in routes: providers, e-mail links, the local owner, and signing out."""

from typing import Final

import redis
from flask import Response as FlaskResponse
from flask import abort, jsonify, redirect, request
from flask_openapi3 import APIBlueprint
from flask_wtf.csrf import generate_csrf
from werkzeug.wrappers import Response

from app.accounts.caller import caller, forget_caller
from app.accounts.confirm_page import confirm_page
from app.accounts.errors import RefusedError
from app.accounts.matching import log_activity
from app.accounts.methods import github, google, local_owner, magic_link, steam
from app.accounts.methods.registry import usable
from app.accounts.redirects import PREFIX, safe_next_path
from app.accounts.requirements import user_id
from app.accounts.schemas import (
    TAG,
    Done,
    LeaveQuery,
    LinkQuery,
    MagicBody,
    Me,
    Message,
    NextBody,
    Providers,
    Responses,
    Token,
    TokenForm,
    TokenQuery,
)
from app.accounts.sessions import current_session, sessions
from app.accounts.sign_in_flow import refuse
from app.runtime import services
from app.schemas import Problem
from db.accounts import identities, users

blueprint = APIBlueprint("auth", __name__, url_prefix=PREFIX, abp_tags=[TAG])
for kind in (RefusedError, redis.RedisError):
    blueprint.register_error_handler(kind, refuse)

AWAY: Final[Responses] = {"302": None, "303": None, "401": Problem, "404": Problem, "502": Problem, "503": Problem}
BACK: Final[Responses] = {"303": None, **dict.fromkeys(("400", "401", "403", "404", "409", "502", "503"), Problem)}
SENT: Final = "If mail reaches this address, a link is on its way. It works once, within ten minutes."


@blueprint.get("/me", responses={200: Me, 401: Problem, 503: Problem})
def get_me() -> FlaskResponse:
    """The signed-in user."""
    found = user_id()
    row = users.one(services().database, found)
    if row is None:
        abort(401, "sign in first")
    linked = identities.of_user(services().database, found)
    steam_id = next((entry["subject"] for entry in linked if entry["provider"] == "steam"), None)
    return jsonify(
        {
            "id": row["id"],
            "name": row["name"],
            "email": row["email"] if row["email_verified"] else None,
            "avatar_url": row["avatar_url"],
            "providers": [entry["provider"] for entry in linked],
            "steam_id": steam_id,
        }
    )


@blueprint.get("/csrf", responses={200: Token})
def get_csrf() -> FlaskResponse:
    """A token for `X-CSRF-Token`, good for this browser's session."""
    response = jsonify({"token": generate_csrf()})
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.get("/providers", responses={200: Providers, 503: Problem})
def get_providers() -> FlaskResponse:
    """Which ways to sign in there are, and which of them this user has linked."""
    found = caller()
    linked = identities.of_user(services().database, found.user_id) if found.user_id is not None else []
    return jsonify({"configured": usable(services().settings), "linked": [entry["provider"] for entry in linked]})


@blueprint.get("/google", responses=AWAY)
def leave_google(query: LeaveQuery) -> Response:
    """To Google."""
    return google.redirect_to_provider(link=query.link, next_path=query.next)


@blueprint.get("/google/callback", responses=BACK)
def arrive_google() -> Response:
    """Back from Google."""
    return google.complete()


@blueprint.get("/github", responses=AWAY)
def leave_github(query: LeaveQuery) -> Response:
    """To GitHub."""
    return github.redirect_to_provider(link=query.link, next_path=query.next)


@blueprint.get("/github/callback", responses=BACK)
def arrive_github() -> Response:
    """Back from GitHub."""
    return github.complete()


@blueprint.get("/steam/login", responses=AWAY)
def leave_steam(query: LinkQuery) -> Response:
    """To Steam, to sign in."""
    return steam.redirect_to_provider(link=False, next_path=query.next)


@blueprint.get("/steam/login/callback", responses=BACK)
def arrive_steam() -> Response:
    """Back from Steam, to sign in."""
    return steam.complete(link=False)


@blueprint.get("/steam", responses=AWAY)
def leave_steam_link(query: LinkQuery) -> Response:
    """To Steam, to link it to the signed-in account."""
    return steam.redirect_to_provider(link=True, next_path=query.next)


@blueprint.get("/steam/callback", responses=BACK)
def arrive_steam_link() -> Response:
    """Back from Steam, to link it."""
    return steam.complete(link=True)


@blueprint.post("/magic-link", responses={202: Message, 400: Problem, 404: Problem, 503: Problem})
def ask_magic_link(body: MagicBody) -> tuple[FlaskResponse, int]:
    """Send a sign-in link; the answer does not tell whether the address is known."""
    if not magic_link.is_address(body.email):
        abort(400, "email: this is not an address that mail can be sent to")
    magic_link.send_link(body.email, body.next)
    return jsonify({"message": SENT}), 202


@blueprint.get("/magic-link/verify", responses={200: None, **BACK})
def open_magic_link(query: TokenQuery) -> Response:
    """A link from an e-mail: signs in where it was asked for, elsewhere shows a page that asks first."""
    link = magic_link.peek(query.token)
    if magic_link.asked_here(link):
        return redirect(magic_link.redeem(query.token), 303)
    return confirm_page(email=link.email, token=query.token, action=request.path)


@blueprint.post("/magic-link/verify", responses=BACK)
def use_magic_link(form: TokenForm) -> Response:
    """The button of that page."""
    return redirect(magic_link.redeem(form.token), 303)


@blueprint.post("/local", responses={200: Done, 400: Problem, 403: Problem, 503: Problem})
def sign_in_locally(body: NextBody) -> FlaskResponse:
    """The local owner, from this computer, while no other way is configured."""
    local_owner.sign_in()
    return jsonify({"message": "Signed in as the local owner.", "next": safe_next_path(body.next, "/account")})


@blueprint.post("/logout", responses={200: Done, 503: Problem})
def sign_out() -> FlaskResponse:
    """End the session of this browser."""
    found = caller()
    if found.unknown:
        abort(503, found.why_unknown)
    if found.kind == "session" and found.user_id is not None:
        sessions().forget(current_session(), found.user_id)
        forget_caller()
        log_activity(services().database, found.user_id, "sign-out")
    return jsonify({"message": "Signed out.", "next": "/"})
