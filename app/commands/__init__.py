"""One file per group of commands; `app.cli` collects them."""
