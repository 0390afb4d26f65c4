"""Account routes: sign-in methods, sessions, API keys, activity, export and deletion."""

from datetime import UTC, datetime
from typing import Final

import redis
from flask import Response, abort, jsonify
from flask_openapi3 import APIBlueprint

from app.accounts.api_keys import SHOWN, hash_key, new_key
from app.accounts.caller import caller, forget_caller
from app.accounts.matching import log_activity
from app.accounts.methods.registry import NAMES, usable
from app.accounts.redirects import PREFIX
from app.accounts.requirements import session_user_id, user_id
from app.accounts.schemas import (
    PROBLEMS,
    TAG,
    Activity,
    DeleteBody,
    Done,
    KeyBody,
    KeyPath,
    Keys,
    Message,
    NewKey,
    SessionPath,
    Sessions,
    UnlinkBody,
)
from app.accounts.session_list import public_id, session_entries
from app.accounts.sessions import current_session, session_store, sessions
from app.accounts.sign_in_flow import refuse
from app.runtime import services
from app.schemas import Problem
from db.accounts import api_keys, audit, export, identities, users

blueprint = APIBlueprint("account", __name__, url_prefix=PREFIX, abp_tags=[TAG], abp_responses=PROBLEMS)
blueprint.register_error_handler(redis.RedisError, refuse)

MOST_KEYS: Final = 20


@blueprint.post("/unlink", responses={200: Message, 409: Problem})
def unlink(body: UnlinkBody) -> Response:
    """Remove a sign-in method; never the last one that works here."""
    owner, database = session_user_id(), services().database
    with database.connection() as connection, connection.transaction():
        if not identities.has(connection, owner, body.provider):
            abort(400, f"{NAMES[body.provider]} is not linked")
        if not identities.unlink(connection, owner, body.provider, usable(services().settings)):
            abort(409, "this is the only way you can sign in here; link another one first")
        log_activity(connection, owner, "unlink", {"method": body.provider})
    return jsonify({"message": f"{NAMES[body.provider]} is unlinked."})


@blueprint.get("/sessions", responses={200: Sessions})
def list_sessions() -> Response:
    """Everywhere the user is signed in."""
    return jsonify({"sessions": session_entries(session_user_id())})


@blueprint.delete("/sessions/<entry_id>", responses={200: Message, 404: Problem})
def end_session(path: SessionPath) -> Response:
    """Sign out somewhere."""
    owner = session_user_id()
    named = [entry for entry in session_store().of_user(owner) if public_id(entry[0]) == path.entry_id]
    if not named:
        abort(404, "there is no such session, or no more")
    session_id, _, data = named[0]
    if session_id == caller().session_id:
        sessions().forget(current_session(), owner)
        forget_caller()
    else:
        session_store().end(session_id, owner)
    log_activity(services().database, owner, "session-end", {"address": data.get("address")})
    return jsonify({"message": "That session has ended."})


@blueprint.delete("/sessions", responses={200: Done})
def end_all_sessions() -> Response:
    """Sign out everywhere, here too."""
    owner = session_user_id()
    users.end_sessions(services().database, owner)
    session_store().end_all(owner)
    sessions().forget(current_session(), owner)
    forget_caller()
    log_activity(services().database, owner, "sign-out-everywhere")
    return jsonify({"message": "Signed out everywhere.", "next": "/sign-in"})


@blueprint.get("/keys", responses={200: Keys})
def list_keys() -> Response:
    """The user's API keys."""
    return jsonify({"keys": api_keys.of_user(services().database, session_user_id())})


@blueprint.post("/keys", responses={201: NewKey, 409: Problem})
def create_key(body: KeyBody) -> tuple[Response, int]:
    """A new API key; the answer is the only time it is shown."""
    owner, key, database = session_user_id(), new_key(), services().database
    name = body.name.strip()
    if not name or not name.isprintable():
        abort(400, "name: give the key a name of printable characters")
    shown = key[:SHOWN]
    made = api_keys.create(
        database, owner, name=name, scope=body.scope, prefix=shown, key_hash=hash_key(key), most=MOST_KEYS
    )
    if made is None:
        abort(409, f"there are {MOST_KEYS} keys already; revoke one first")
    log_activity(database, owner, "key-create", {"name": name, "scope": body.scope, "key": shown})
    response = jsonify({**made, "key": key})
    response.headers["Cache-Control"] = "no-store"
    return response, 201


@blueprint.delete("/keys/<int:key_id>", responses={200: Message, 404: Problem})
def revoke_key(path: KeyPath) -> Response:
    """Make a key worthless."""
    owner = session_user_id()
    gone = api_keys.revoke(services().database, owner, path.key_id)
    if gone is None:
        abort(404, "there is no such key")
    log_activity(
        services().database, owner, "key-revoke", {"name": gone["name"], "scope": gone["scope"], "key": gone["prefix"]}
    )
    return jsonify({"message": f"{gone['name']} is revoked."})


@blueprint.get("/activity", responses={200: Activity})
def list_activity() -> Response:
    """What happened to the account, the newest first."""
    return jsonify({"activity": audit.of_user(services().database, user_id())})


@blueprint.get("/export")
def export_account() -> Response:
    """Everything kept about the user."""
    owner = session_user_id()
    log_activity(services().database, owner, "export")
    held = export.user_rows(services().database, owner)
    response = jsonify({**held, "sessions": session_entries(owner), "exported_at": datetime.now(UTC)})
    response.headers["Content-Disposition"] = "attachment; filename=tracera-account.json"
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.delete("/account", responses={200: Done})
def delete_account(body: DeleteBody) -> Response:
    """Delete the account and everything that hangs on it, for good."""
    del body
    owner = session_user_id()
    session_store().ping()
    users.delete(services().database, owner)
    session_store().end_all(owner)
    sessions().forget(current_session(), owner)
    forget_caller()
    return jsonify({"message": "The account and everything kept about you are deleted.", "next": "/"})
