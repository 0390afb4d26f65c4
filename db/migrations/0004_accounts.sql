-- Who signs in, with what, from where.
-- depends: 0003_metrics

CREATE TABLE users (
    id             integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name           text NOT NULL,
    email          text,
    email_verified boolean NOT NULL DEFAULT false,
    avatar_url     text,
    session_key    text NOT NULL,  -- every session of the account holds it; a new one ends them all
    created_at     timestamptz NOT NULL DEFAULT now(),
    last_sign_in   timestamptz
);
-- A verified address belongs to one account; an unverified one proves nothing.
CREATE UNIQUE INDEX users_verified_email ON users (lower(email)) WHERE email_verified;

-- The provider's own subject is the key: addresses and logins change hands.
CREATE TABLE user_identities (
    provider       text NOT NULL,  -- google, github, steam, email, local
    subject        text NOT NULL,
    user_id        integer NOT NULL REFERENCES users ON DELETE CASCADE,
    name           text,
    email          text,
    email_verified boolean NOT NULL DEFAULT false,
    linked_at      timestamptz NOT NULL DEFAULT now(),
    last_used      timestamptz,
    PRIMARY KEY (provider, subject),
    UNIQUE (user_id, provider)
);

CREATE TABLE api_keys (
    id         integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id    integer NOT NULL REFERENCES users ON DELETE CASCADE,
    name       text NOT NULL,
    scope      text NOT NULL CHECK (scope IN ('read', 'full')),
    prefix     text NOT NULL,  -- its first characters, to tell one from another
    hash       bytea NOT NULL UNIQUE,  -- SHA-256; the key itself is shown once and kept nowhere
    created_at timestamptz NOT NULL DEFAULT now(),
    last_used  timestamptz
);
CREATE INDEX api_keys_user ON api_keys (user_id);

CREATE TABLE audit_log (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id    integer NOT NULL REFERENCES users ON DELETE CASCADE,
    time       timestamptz NOT NULL DEFAULT now(),
    event      text NOT NULL,
    detail     jsonb NOT NULL DEFAULT '{}',
    address    text,
    user_agent text
);
CREATE INDEX audit_log_user ON audit_log (user_id, time DESC);
