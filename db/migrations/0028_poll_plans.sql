-- How a provider that is asked for items one by one spends its requests: which items, how often, and what speaks for each.
-- depends: 0027_provider_outages

CREATE TABLE poll_plans (
    provider     text PRIMARY KEY,
    planned_at   timestamptz NOT NULL,
    per_minute   double precision NOT NULL,  -- requests for items of their own
    pass_seconds double precision            -- that reading the whole market takes beside them; null before its size is known
);

CREATE TABLE poll_plan_items (
    provider   text NOT NULL REFERENCES poll_plans ON DELETE CASCADE,
    item_id    integer NOT NULL REFERENCES items ON DELETE CASCADE,
    interval_s double precision NOT NULL,
    in_demand  boolean NOT NULL,           -- somebody holds or watches it
    liquidity  double precision NOT NULL,  -- these two: its place among all measured items, 0 to 1
    volatility double precision NOT NULL,
    polled_at  timestamptz,
    PRIMARY KEY (provider, item_id)
);
CREATE INDEX poll_plan_items_item ON poll_plan_items (item_id);
