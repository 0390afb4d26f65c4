-- Alerts that leave the app: where to, when not, and each delivery with what came of it.
-- depends: 0017_tasks 0036_alerts

CREATE TABLE alert_webhooks (
    user_id        integer PRIMARY KEY REFERENCES users ON DELETE CASCADE,
    url            text NOT NULL,
    secret         text NOT NULL,  -- signs what is sent; shown to its owner once
    former_secret  text,           -- signs beside it for a while after a rotation
    former_until   timestamptz,
    enabled        boolean NOT NULL DEFAULT true,
    gone_at        timestamptz,    -- when the receiver answered 410, which turned it off
    created_at     timestamptz NOT NULL DEFAULT now()
);

-- No row: no e-mail, no quiet hours.
CREATE TABLE alert_preferences (
    user_id     integer PRIMARY KEY REFERENCES users ON DELETE CASCADE,
    by_mail     boolean NOT NULL DEFAULT false,
    time_zone   text,
    quiet_from  time,  -- in the time zone; to a later time of the same day, or to the next day
    quiet_until time,
    CHECK (num_nulls(time_zone, quiet_from, quiet_until) IN (0, 3))
);

CREATE TABLE alert_deliveries (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id     integer NOT NULL REFERENCES users ON DELETE CASCADE,
    channel     text NOT NULL CHECK (channel IN ('webhook', 'mail')),
    message_id  text NOT NULL UNIQUE,          -- the same at each try: a receiver that has seen it knows
    test        boolean NOT NULL DEFAULT false,
    event_ids   bigint[] NOT NULL,
    held        boolean NOT NULL DEFAULT false,  -- quiet hours: what fires meanwhile comes in too
    created_at  timestamptz NOT NULL DEFAULT now(),
    task_id     bigint,                        -- which knows whether it is to run again
    tries       integer NOT NULL DEFAULT 0,
    status      integer,                       -- the last HTTP answer's; null: there was none
    said        text,                          -- what came of the last try, in words, with the beginning of the answer
    outcome     text CHECK (outcome IN ('delivered', 'gone', 'refused')),  -- null: not over, or given up
    tried_at    timestamptz
);
CREATE INDEX alert_deliveries_user ON alert_deliveries (user_id, id DESC);
CREATE INDEX alert_deliveries_time ON alert_deliveries (created_at);
CREATE UNIQUE INDEX alert_deliveries_held ON alert_deliveries (user_id, channel) WHERE held;
