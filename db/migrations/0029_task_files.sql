-- Files of tasks: what one was given to read, or made to be taken away. A file goes with its task, a given one as soon as it is needed no more.
-- depends: 0018_task_queues

CREATE TABLE task_files (
    task_id     bigint PRIMARY KEY REFERENCES tasks.details ON DELETE CASCADE,
    given       boolean NOT NULL,
    name        text NOT NULL,
    media_type  text NOT NULL,
    size        bigint NOT NULL,  -- bytes
    created_at  timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE task_file_parts (
    task_id  bigint NOT NULL REFERENCES task_files ON DELETE CASCADE,
    place    integer NOT NULL,
    content  bytea NOT NULL,
    PRIMARY KEY (task_id, place)
);
-- Most files are compressed already.
ALTER TABLE task_file_parts ALTER content SET STORAGE EXTERNAL;

-- A dead letter keeps its file for another try. In `public`, since all functions in `tasks` are the library's.
CREATE FUNCTION public.forget_given_file() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM public.task_files WHERE task_id = NEW.id AND given;
    RETURN NULL;
END $$;
CREATE TRIGGER forget_given_file AFTER UPDATE OF status ON tasks.procrastinate_jobs FOR EACH ROW
    WHEN (NEW.status IN ('succeeded', 'cancelled', 'aborted')) EXECUTE FUNCTION public.forget_given_file();
