-- A queue for each kind of task: a worker takes the kinds it knows, those of a newer version wait for a worker that knows them.
-- depends: 0017_tasks

UPDATE tasks.procrastinate_jobs SET queue_name = task_name;

-- What a payload has under `private` is deleted when the task ends, however it does. In `public`, since all functions in `tasks` are the library's.
CREATE FUNCTION public.forget_private() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.args := NEW.args - 'private';
    RETURN NEW;
END $$;
CREATE TRIGGER forget_private BEFORE UPDATE OF status ON tasks.procrastinate_jobs FOR EACH ROW
    WHEN (NEW.status NOT IN ('todo', 'doing') AND NEW.args ? 'private') EXECUTE FUNCTION public.forget_private();
