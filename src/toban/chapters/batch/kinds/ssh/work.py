"""The work of `kind = "ssh"`: the command on the other hosts, and a check whether it can be started there."""

import asyncio
from collections.abc import Iterator

from toban.chapters.batch.kinds.ssh.config import SshBatch
from toban.engine.runs.commands.declared import with_parameters
from toban.engine.runs.commands.filling import Act
from toban.engine.runs.commands.hosts import OnHosts
from toban.engine.runs.commands.remote import RemoteCommand
from toban.engine.runs.work import Step
from toban.engine.ssh.connect import finds
from toban.engine.ssh.host import SshHost, Unreachable
from toban.engine.trial import Doubt
from toban.message import Message, message_of


def step(config: SshBatch) -> Step:
    """Return the command as a step."""
    if config.host:
        return Step("ssh", _act(config, config.host))
    acts = {name: _act(config, name) for name in config.hosts}
    at_once = config.at_once.of(len(config.hosts))
    return Step("ssh", OnHosts(acts, at_once, goes_on=config.on_failure == "continue"))


def _act(config: SshBatch, name: str) -> Act:
    host = config.way(name)
    return with_parameters(config, lambda arguments: RemoteCommand(host, arguments))


def troubles(config: SshBatch) -> Iterator[Doubt]:
    """Log in to each host, and yield what prevents the command from being started there."""
    for name in config.all_hosts:
        yield from _troubles(config.way(name), config.command[0])


def _troubles(host: SshHost, program: str) -> Iterator[Doubt]:
    try:
        is_there = asyncio.run(finds(host, program))
    except Unreachable as error:
        yield (message_of(error), error.hint)
        return
    if not is_there:
        missing = Message("batch.command-not-on-host", host=host, command=program)
        yield (missing, Message("batch.place-command-on-host"))
