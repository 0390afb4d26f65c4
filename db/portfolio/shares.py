"""Share links: read-only links to a portfolio; only a hash of the token is stored."""

from db.core.pool import Database, Row


def create(
    database: Database, user_id: int, portfolio_id: int, token_hash: bytes, *, hide_quantities: bool
) -> Row | None:
    """A new link; None where the portfolio is not this user's."""
    return database.row(
        "INSERT INTO portfolio_shares (portfolio_id, token_hash, hide_quantities)"
        " SELECT id, %s, %s FROM portfolios WHERE id = %s AND user_id = %s RETURNING id, hide_quantities, created_at",
        [token_hash, hide_quantities, portfolio_id, user_id],
    )


def every(database: Database, user_id: int, portfolio_id: int) -> list[Row]:
    """A portfolio's links, without those revoked."""
    return database.rows(
        "SELECT s.id, s.hide_quantities, s.created_at FROM portfolio_shares s JOIN portfolios p ON p.id = s.portfolio_id"
        " WHERE p.id = %s AND p.user_id = %s AND s.revoked_at IS NULL ORDER BY s.id",
        [portfolio_id, user_id],
    )


def revoke(database: Database, user_id: int, share_id: int) -> bool:
    """End a link; False where there is no such link of this user's."""
    return bool(
        database.execute(
            "UPDATE portfolio_shares s SET revoked_at = now() FROM portfolios p WHERE p.id = s.portfolio_id"
            " AND s.id = %s AND p.user_id = %s AND s.revoked_at IS NULL",
            [share_id, user_id],
        )
    )


def find(database: Database, token_hash: bytes) -> Row | None:
    """Whose portfolio a token shows, and how; None for an unknown or revoked one."""
    return database.row(
        "SELECT p.id AS portfolio_id, p.user_id, s.hide_quantities FROM portfolio_shares s"
        " JOIN portfolios p ON p.id = s.portfolio_id WHERE s.token_hash = %s AND s.revoked_at IS NULL",
        [token_hash],
    )
