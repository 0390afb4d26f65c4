"""`tracera` of a version to come, for tests of what an installed page does with it: run as a program, it serves as `tracera serve` does."""

import app

app.__version__ = "99.0.0"

from app.cli import main  # noqa: E402  # what is imported has read the version

if __name__ == "__main__":
    main()
