"""What `kind = "ssh"` accepts and refuses, and what it passes to the remote shell."""

from datetime import timedelta
from pathlib import Path

import asyncssh
import pytest
from tests.registered import schema

from toban.chapters.batch.kinds.ssh.config import SshBatch
from toban.chapters.batch.kinds.ssh.kind import KIND
from toban.chapters.batch.kinds.ssh.work import way
from toban.engine.bindings.load import UnreadableBindings, read_bindings
from toban.engine.runs.commands.remote import command_line
from toban.engine.runs.kinds import BATCHES

BASE = 'kind = "ssh"\nhost = "web-1"\nuser = "batch"\nkey = "file:key"\ncommand = ["totals"]\n'


def read(more: str) -> SshBatch:
    text = f"[batches.B010]\n{BASE}{more}"
    bindings = read_bindings(text, Path("/etc/toban/toban.toml"), schema(batches={"ssh": KIND.config}))
    config = BATCHES.of(bindings)["B010"].config
    assert isinstance(config, SshBatch)
    return config


def complaint(more: str) -> str:
    with pytest.raises(UnreadableBindings) as unreadable:
        read(more)
    return str(unreadable.value)


def test_relative_paths_are_resolved_next_to_the_bindings() -> None:
    there = way(read('known_hosts = "ssh/known_hosts"\nport = 2222\nconnect_timeout = "3秒"'))

    assert there.known_hosts == Path("/etc/toban/ssh/known_hosts")
    assert str(there) == "batch@web-1:2222"
    assert there.connect_timeout == timedelta(seconds=3)


def test_a_host_without_a_host_key_is_refused_with_a_hint() -> None:
    found = complaint("")

    assert "known_hosts か host_key のどちらか一つ" in found
    assert "HINT: known_hosts にファイルを書くか" in found


def test_two_ways_to_identify_the_host_are_refused() -> None:
    key = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode().strip()

    assert "どちらか一つ" in complaint(f'known_hosts = "known"\nhost_key = "{key}"')


def test_an_invalid_host_key_is_refused() -> None:
    assert "ssh-ed25519 AAAA…" in complaint('host_key = "SHA256:abc"')


def test_a_key_written_into_the_bindings_is_refused() -> None:
    text = f"[batches.B010]\n{BASE.replace('file:key', 'secret')}known_hosts = 'known'"

    with pytest.raises(UnreadableBindings, match="BD005"):
        read_bindings(text, Path("toban.toml"), schema(batches={"ssh": KIND.config}))


def test_the_remote_shell_is_given_everything_quoted() -> None:
    line = command_line(("echo", "it's", "$HOME", ""), {"BATCH_NOTE": "a; b"})

    assert line == """exec env 'BATCH_NOTE=a; b' echo 'it'"'"'s' '$HOME' ''"""
