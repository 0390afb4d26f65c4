"""The local owner: one click, on this computer, while nothing else is configured."""

from app.auth.flow import start_session
from app.auth.identity import Identity
from app.auth.methods import local_owner_allowed
from app.auth.refusal import RefusedError


def sign_in() -> None:
    """Sign the caller in as the local owner.

    Raises:
        RefusedError: not from here, or there is a real method now.
    """
    if not local_owner_allowed():
        raise RefusedError("not-local")
    start_session(Identity("local", "owner", name="Local owner"))
