"""What `kind = "ssh"` accepts and refuses, and what it passes to the remote shell."""

from datetime import timedelta
from pathlib import Path

import asyncssh
import pytest
from tests.registered import schema

from toban.chapters.batch.kinds.ssh.config import SshBatch
from toban.chapters.batch.kinds.ssh.kind import KIND
from toban.chapters.batch.kinds.ssh.work import step
from toban.engine.bindings.load import UnreadableBindings, read_bindings
from toban.engine.runs.commands.hosts import OnHosts
from toban.engine.runs.kinds import BATCHES
from toban.engine.ssh.connect import command_line, environment_lines

BASE = 'kind = "ssh"\nhost = "web-1"\nuser = "batch"\nkey = "file:key"\ncommand = ["totals"]\n'


def read(more: str, base: str = BASE) -> SshBatch:
    text = f"[batches.B010]\n{base}{more}"
    bindings = read_bindings(text, Path("/etc/toban/toban.toml"), schema(batches={"ssh": KIND.config}))
    config = BATCHES.of(bindings)["B010"].config
    assert isinstance(config, SshBatch)
    return config


def complaint(more: str, base: str = BASE) -> str:
    with pytest.raises(UnreadableBindings) as unreadable:
        read(more, base)
    return str(unreadable.value)


def test_relative_paths_are_resolved_next_to_the_bindings() -> None:
    there = read('known_hosts = "ssh/known_hosts"\nport = 2222\nconnect_timeout = "3秒"').way("web-1")

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


MANY = BASE.replace('host = "web-1"', 'hosts = ["web-1", "web-2", "web-3", "web-4", "web-5"]')


@pytest.mark.parametrize(
    ("written", "at_once"),
    [("", 1), ('at_once = "all"', 5), ("at_once = 2", 2), ('at_once = "40%"', 2), ('at_once = "1%"', 1)],
)
def test_a_command_runs_on_many_hosts_a_share_at_a_time(written: str, at_once: int) -> None:
    act = step(read(f'known_hosts = "known"\non_failure = "continue"\n{written}', MANY)).act

    assert isinstance(act, OnHosts)
    assert (list(act.acts)[-1], act.at_once, act.goes_on) == ("web-5", at_once, True)


@pytest.mark.parametrize("written", ["0", "-1", "true", '"0%"', '"101%"', '"half"', "0.5"])
def test_what_is_no_number_of_hosts_is_refused(written: str) -> None:
    assert "at_once" in complaint(f'known_hosts = "known"\nat_once = {written}', MANY)


def test_hosts_that_contradict_each_other_are_refused() -> None:
    key = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode().strip()

    assert "host か hosts" in complaint('known_hosts = "known"\nhosts = ["web-2"]')
    assert "known_hosts" in complaint(f'host_key = "{key}"', MANY)
    assert "二度" in complaint('known_hosts = "known"', MANY.replace("web-5", "web-1"))


def test_a_secret_may_be_a_parameter_of_a_command_on_another_host() -> None:
    table = '[batches.B010.parameters.key]\nkind = "secret"\nsecrets = { a = "env:A" }'

    assert "key" in read(f'known_hosts = "known"\n{table}').parameters


def test_the_remote_shell_is_given_everything_quoted() -> None:
    line = command_line(("echo", "it's", "$HOME", ""))

    takes = """'unset all_told; eval "$(cat)"; test "$all_told" && exec "$@" </dev/null'"""
    assert line == f"""exec sh -c {takes} sh echo 'it'"'"'s' '$HOME' ''"""


def test_the_environment_is_told_on_the_input_with_its_end() -> None:
    told = environment_lines({"BATCH_NOTE": "it's; `a`\nb", "BATCH_RUN": "7"})

    assert told == b"""export BATCH_NOTE='it'"'"'s; `a`\nb'\nexport BATCH_RUN=7\nall_told=1"""
