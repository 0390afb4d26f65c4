-- Backtests that people ran and keep: what was asked, and what came out once its task is done. The link of a shared one is kept as a hash.
-- depends: 0017_tasks

CREATE TABLE research_runs (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id     integer NOT NULL REFERENCES users ON DELETE CASCADE,
    name        text NOT NULL,
    request     jsonb NOT NULL,
    task_id     bigint NOT NULL,
    result      json,
    share_hash  bytea UNIQUE,
    created_at  timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz
);
CREATE INDEX research_runs_of_user ON research_runs (user_id, id);
