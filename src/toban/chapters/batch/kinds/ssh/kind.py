"""A batch that runs a command on another host, by SSH."""

from collections.abc import Iterator

from toban.chapters.batch.kinds.ssh.config import SshBatch
from toban.engine.runs.commands.declared import declared
from toban.engine.runs.kinds import Site, WorkKind
from toban.engine.runs.work import Step
from toban.engine.trial import Doubt


def steps(config: SshBatch, _site: Site) -> tuple[Step, ...]:
    """Return the one step: the command on the other host."""
    from toban.chapters.batch.kinds.ssh.work import step  # noqa: PLC0415

    return (step(config),)


def doubts(config: SshBatch, _site: Site) -> Iterator[Doubt]:
    """Log in, and yield what prevents the command from being started there."""
    from toban.chapters.batch.kinds.ssh.work import troubles  # noqa: PLC0415

    yield from troubles(config)


KIND = WorkKind(SshBatch, steps, doubts=doubts, declared=declared)
