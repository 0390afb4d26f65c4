-- Outages: the times in which a provider gave nothing, with their cause, so that a gap in an item's history can be explained.
-- depends: 0024_portfolio_past

CREATE TABLE provider_outages (
    provider text NOT NULL,
    since    timestamptz NOT NULL,
    until    timestamptz,  -- null while it lasts
    cause    text NOT NULL,  -- the kind of its first failure, or why nobody asked: instance_off, provider_off, database
    detail   text,           -- what the provider's newest failure said
    PRIMARY KEY (provider, since),
    CHECK (until > since)
);
CREATE INDEX provider_outages_since ON provider_outages (since);
CREATE UNIQUE INDEX provider_outages_open ON provider_outages (provider) WHERE until IS NULL;

-- Of what was before, nobody kept a record.
ALTER TABLE provider_state ADD COLUMN outages_since timestamptz NOT NULL DEFAULT now();
