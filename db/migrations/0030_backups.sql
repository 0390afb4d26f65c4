-- Backups that a clock made, the failed ones too; the files are in TRACERA_BACKUP_DIR of the machine that made them.
-- depends: 0018_task_queues

CREATE TABLE backups (
    id       integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    begun_at timestamptz NOT NULL,
    seconds  double precision NOT NULL,
    host     text NOT NULL,
    path     text NOT NULL,
    bytes    bigint,  -- null where it failed
    error    text,    -- null where it went well
    CHECK ((bytes IS NULL) = (error IS NOT NULL))
);
