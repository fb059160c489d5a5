"""Which connections to the state database the loops of a worker keep."""

from tests.forking import run

PROGRAM = """
import django

django.setup()
from django.db import connection
from toban.engine.worker import with_state
from toban.faces.cli.supervision.worker import keep_connections

step = with_state(connection.ensure_connection)
step()
print(connection.connection is not None)
keep_connections()
step()
print(connection.connection is not None)
with_state(connection.ensure_connection, every=10.0)()
print(connection.connection is not None)
"""


def kept(environment: dict[str, str]) -> list[str]:
    """Return whether a loop keeps its connection: by default, in a worker, in one if it steps seldom."""
    return run(["-c", PROGRAM], env=environment, check=True).stdout.split()


def test_a_loop_of_a_worker_keeps_its_connection_to_sqlite_unless_it_steps_seldom(
    sqlite: dict[str, str],
) -> None:
    assert kept(sqlite) == ["False", "True", "False"]


def test_a_loop_of_a_worker_gives_back_its_session_of_postgresql(postgres: dict[str, str]) -> None:
    assert kept(postgres) == ["False", "False", "False"]
