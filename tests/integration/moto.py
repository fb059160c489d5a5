"""AWS, simulated by moto's server."""

import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.integration.buckets import S3Server
from tests.ports import free_port


@contextmanager
def moto_server(folder: Path) -> Iterator[str]:
    """Run the server; yields its URL."""
    program = Path(sysconfig.get_path("scripts"), "moto_server")
    if not program.exists():
        pytest.skip("needs moto (in the dev group)")
    port = free_port()
    server = S3Server([str(program), "-H", "127.0.0.1", "-p", str(port)], {}, port, folder / "moto.log")
    server.start()
    try:
        yield server.url
    finally:
        server.stop()
