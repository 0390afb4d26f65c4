"""Instance owner: who runs this instance, as far as it knows: the local owner."""

from db.accounts import identities
from db.core.pool import Database


def is_instance_owner(database: Database, user_id: int | None) -> bool:
    """Whether the user is the local owner; where people sign in otherwise, the instance is run from its command line."""
    return user_id is not None and identities.is_local(database, user_id)
