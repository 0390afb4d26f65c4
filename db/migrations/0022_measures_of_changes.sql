-- A run of the measures reads what was written since the run before, and writes what changed.
-- depends: 0017_tasks

-- Which items quotes were written of, so that a run need not look at the others; one row per transaction and source. The measures'
-- job removes what it has read. A row's transaction tells whether a run has seen it: ids are given before they are visible.
CREATE TABLE quote_changes (
    xid    xid8 NOT NULL DEFAULT pg_current_xact_id(),
    items  integer[],             -- null: any item
    newest timestamptz NOT NULL   -- of the quotes: one that is ahead of a run's moment is seen by a later run
);

-- The last run of each window. Every measure that is stored holds as of its moment, whenever it was written.
CREATE TABLE measure_runs (
    "window"    text PRIMARY KEY,
    as_of       timestamptz NOT NULL,
    computed_at timestamptz NOT NULL
);
INSERT INTO measure_runs SELECT "window", max(as_of), max(computed_at) FROM item_metrics GROUP BY 1;

-- Whose results the stored ones are: a job that finds another's name than its own knows nothing of them and measures everything.
CREATE TABLE measure_writer (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    run  uuid NOT NULL DEFAULT gen_random_uuid()
);
INSERT INTO measure_writer DEFAULT VALUES;
