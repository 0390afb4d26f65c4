-- Screens of the items page that people keep: what is asked for, and the columns, under a name.
-- depends: 0006_watchlist

CREATE TABLE user_screens (
    id         integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id    integer NOT NULL REFERENCES users ON DELETE CASCADE,
    name       text NOT NULL,
    query      jsonb NOT NULL,
    columns    text[] NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX user_screens_name ON user_screens (user_id, lower(name));
