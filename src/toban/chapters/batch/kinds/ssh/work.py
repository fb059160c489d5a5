"""The work of `kind = "ssh"`: the command on the other host, and a check whether it can be started."""

import asyncio
from collections.abc import Iterator

from toban.chapters.batch.kinds.ssh.config import SshBatch
from toban.engine.runs.commands.declared import with_parameters
from toban.engine.runs.commands.remote import RemoteCommand, SshHost, Unreachable, finds
from toban.engine.runs.work import Step
from toban.engine.trial import Doubt
from toban.message import Message, message_of


def way(config: SshBatch) -> SshHost:
    """Return the host and how to log in."""
    return SshHost(
        name=config.host,
        port=config.port,
        user=config.user,
        key=config.key,
        passphrase=config.passphrase,
        known_hosts=config.known_hosts,
        host_key=config.host_key or "",
        connect_timeout=config.connect_timeout,
    )


def step(config: SshBatch) -> Step:
    """Return the command as a step."""
    host = way(config)
    return Step("ssh", with_parameters(config, lambda arguments: RemoteCommand(host, arguments)))


def troubles(config: SshBatch) -> Iterator[Doubt]:
    """Log in, and yield what prevents the command from being started there."""
    host = way(config)
    try:
        is_there = asyncio.run(finds(host, config.command[0]))
    except Unreachable as error:
        yield (message_of(error), error.hint)
        return
    if not is_there:
        missing = Message("batch.command-not-on-host", host=host, command=config.command[0])
        yield (missing, Message("batch.place-command-on-host"))
