-- What people watch.
-- depends: 0005_portfolio

CREATE TABLE user_watchlist (
    user_id  integer NOT NULL REFERENCES users ON DELETE CASCADE,
    item_id  integer NOT NULL REFERENCES items ON DELETE CASCADE,
    added_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (user_id, item_id)
);
