-- Several watchlists a user, with notes and target prices. What was watched until now is each user's first list.
-- depends: 0006_watchlist

CREATE TABLE watchlists (
    id         integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id    integer NOT NULL REFERENCES users ON DELETE CASCADE,
    name       text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (id, user_id)
);
CREATE UNIQUE INDEX watchlists_name ON watchlists (user_id, lower(name));

INSERT INTO watchlists (user_id, name) SELECT DISTINCT user_id, 'Watchlist' FROM user_watchlist;

ALTER TABLE user_watchlist
    ADD COLUMN watchlist_id integer,
    ADD COLUMN note text NOT NULL DEFAULT '',
    ADD COLUMN target_price bigint CHECK (target_price > 0);  -- minor units of the item; null: none
UPDATE user_watchlist w SET watchlist_id = l.id FROM watchlists l WHERE l.user_id = w.user_id;
ALTER TABLE user_watchlist
    DROP CONSTRAINT user_watchlist_pkey,
    ADD PRIMARY KEY (watchlist_id, item_id),
    ADD FOREIGN KEY (watchlist_id, user_id) REFERENCES watchlists (id, user_id) ON DELETE CASCADE;
CREATE INDEX user_watchlist_of_user ON user_watchlist (user_id, item_id);
