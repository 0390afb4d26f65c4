-- Alerts: a user's rules on items and portfolios, the state that each is in, and what happened to them.
-- depends: 0005_portfolio 0006_watchlist

CREATE TABLE alert_rules (
    id               integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id          integer NOT NULL REFERENCES users ON DELETE CASCADE,
    item_id          integer REFERENCES items ON DELETE CASCADE,
    portfolio_id     integer REFERENCES portfolios ON DELETE CASCADE,
    kind             text NOT NULL CHECK (kind IN ('price', 'change', 'sigma', 'stale', 'value')),
    direction        text NOT NULL CHECK (direction IN ('above', 'below', 'either')),
    "window"         text,                       -- of a change; null for other kinds
    threshold        double precision NOT NULL,  -- minor units, percent, sigmas or hours, by kind
    clear            double precision NOT NULL,  -- on the far side of this one the alert ends
    hold_seconds     integer NOT NULL CHECK (hold_seconds >= 0),
    cooldown_seconds integer NOT NULL CHECK (cooldown_seconds >= 0),
    once             boolean NOT NULL,
    no_data          text NOT NULL CHECK (no_data IN ('keep', 'ok', 'alert')),
    until            timestamptz,
    enabled          boolean NOT NULL DEFAULT true,
    muted            boolean NOT NULL DEFAULT false,
    snoozed_until    timestamptz,
    created_at       timestamptz NOT NULL DEFAULT now(),
    revision         integer NOT NULL DEFAULT 0,  -- an evaluation of what was before a change is not stored
    -- Where app/alerts/states.py is with it.
    state            smallint NOT NULL DEFAULT 0,
    since            timestamptz NOT NULL DEFAULT now(),
    opened_at        timestamptz,  -- since when it fires; null: it does not
    told_at          timestamptz,  -- of the last event that began an alert
    CHECK (num_nonnulls(item_id, portfolio_id) = 1 AND (kind = 'value') = (portfolio_id IS NOT NULL)),
    CHECK ((kind = 'change') = ("window" IS NOT NULL))
) WITH (fillfactor = 80);
CREATE INDEX alert_rules_user ON alert_rules (user_id, id);
CREATE INDEX alert_rules_item ON alert_rules (item_id);
CREATE INDEX alert_rules_portfolio ON alert_rules (portfolio_id);

CREATE TABLE alert_events (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id   integer NOT NULL REFERENCES users ON DELETE CASCADE,
    rule_id   integer REFERENCES alert_rules ON DELETE SET NULL,
    kind      text NOT NULL CHECK (kind IN ('fired', 'recovered', 'no_data')),
    time      timestamptz NOT NULL,
    since     timestamptz NOT NULL,  -- from when on the condition held
    muted     boolean NOT NULL,      -- kept, but not told
    read_at   timestamptz,
    facts     jsonb NOT NULL         -- the rule as it was, and what explains the event
);
CREATE INDEX alert_events_user ON alert_events (user_id, id DESC);
CREATE INDEX alert_events_unread ON alert_events (user_id) WHERE read_at IS NULL AND NOT muted AND kind <> 'recovered';
CREATE INDEX alert_events_time ON alert_events (time);
CREATE INDEX alert_events_rule ON alert_events (rule_id);
