"""What the kernel tells of sockets: who listens on a port, and how many connections lead there."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

from toban.chapters.release.engines.proxy.sockets import connections_to, has_one_of, listening_on


@pytest.fixture
def server() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as made:
        yield made


def port_of(server: socket.socket) -> int:
    port: int = server.getsockname()[1]
    return port


@pytest.mark.parametrize(("family", "host"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")])
def test_whoever_listens_on_a_port_has_a_socket_of_it(family: socket.AddressFamily, host: str) -> None:
    with socket.create_server((host, 0), family=family) as made:
        port = port_of(made)
        assert has_one_of(listening_on(port), os.getpid())

    assert not listening_on(port)


def test_another_process_has_none_of_them(server: socket.socket) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        assert not has_one_of(listening_on(port_of(server)), other.pid)


def test_a_connection_from_a_port_is_not_one_to_it_and_does_not_listen(server: socket.socket) -> None:
    with socket.create_connection(server.getsockname()) as client, server.accept()[0]:
        assert connections_to(port_of(server)) == 1
        assert len(listening_on(port_of(server))) == 1
        assert not listening_on(port_of(client))


def test_what_was_closed_no_longer_counts(server: socket.socket) -> None:
    with socket.create_connection(server.getsockname()), server.accept()[0]:
        assert connections_to(port_of(server)) == 1

    assert connections_to(port_of(server)) == 0
