"""The local owner: one click, on this computer, while nothing else is configured."""

from app.accounts.errors import RefusedError
from app.accounts.identity import Identity
from app.accounts.methods.registry import local_owner_allowed
from app.accounts.sign_in_flow import start_session


def sign_in() -> None:
    """Sign the caller in as the local owner.

    Raises:
        RefusedError: not from here, or there is a real method now.
    """
    if not local_owner_allowed():
        raise RefusedError("not-local")
    start_session(Identity("local", "owner", name="Local owner"))
