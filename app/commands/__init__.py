"""Commands of `tracera`, one file a group; `app.cli` collects them."""
