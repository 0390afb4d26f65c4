"""What a page needs of the process: the database and Redis of the current request."""

from flask import current_app

from db.pool import Database


def database() -> Database:
    """The database of the application that handles the current request."""
    found: Database = current_app.extensions["tracera"].services.database
    return found
