import psycopg

from db.operations.leader import Leadership


def test_one_process_leads_until_it_ends(database_url: str) -> None:
    first, second = Leadership(database_url), Leadership(database_url)
    assert (first.held(), second.held()) == (True, False)
    assert (first.held(), second.held()) == (True, False)
    first.release()
    assert (second.held(), first.held()) == (True, False)
    second.release()
    first.release()


def test_a_leader_whose_session_was_ended_leads_again_at_once(database_url: str) -> None:
    leader = Leadership(database_url)
    assert leader.held()
    with psycopg.connect(database_url, autocommit=True) as connection:
        query = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'tracera-leader'"
        connection.execute(f"{query} AND datname = current_database()")
    assert leader.held()
    leader.release()


def test_without_a_database_no_process_leads() -> None:
    assert not Leadership("postgresql:///none?host=/nowhere").held()
