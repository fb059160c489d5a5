"""Commands on another host."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass

from toban.chapters.capacity.scaler import ScalingFailed
from toban.chapters.capacity.scalers.commanded import CommandedScaler, not_told
from toban.chapters.capacity.scalers.ssh.config import SshScaling
from toban.engine.runs.commands.command import judged
from toban.engine.runs.commands.filling import Act
from toban.engine.runs.commands.remote import RemoteCommand
from toban.engine.runs.work import StepFailed
from toban.engine.ssh.connect import answer_of, finds
from toban.engine.ssh.host import SshHost, Unreachable
from toban.engine.trial import Doubt
from toban.message import Message, message_of


def opened(config: SshScaling) -> CommandedScaler:
    """Return the scaler of a group."""
    return CommandedScaler(config, There(config.way(config.host)))


@dataclass(frozen=True, slots=True)
class There:
    """See `CommandPlace`."""

    host: SshHost

    def act(self, arguments: tuple[str, ...]) -> Act:
        """See `CommandPlace`."""
        return RemoteCommand(self.host, arguments)

    def ask(self, arguments: tuple[str, ...], within: float) -> str:
        """See `CommandPlace`. What it writes is shown if it fails."""
        try:
            answer = asyncio.run(answer_of(self.host, arguments, within))
        except Unreachable as error:
            raise ScalingFailed(message_of(error), hint=error.hint, retry=not error.lasting) from error
        except TimeoutError as error:
            said = Message("capacity-scalers.count-silent", command=arguments[0], seconds=round(within))
            raise ScalingFailed(said, retry=True) from error
        if answer.status is None:
            raise ScalingFailed(Message("runs.cut-off", host=self.host), retry=True)
        try:
            judged(answer.status, arguments)
        except StepFailed as failed:
            raise not_told(arguments[0], failed, (answer.err.strip() or answer.out.strip())) from failed
        return answer.out

    def doubts(self, program: str) -> Iterator[Doubt]:
        """See `CommandPlace`."""
        try:
            is_there = asyncio.run(finds(self.host, program))
        except Unreachable as error:
            yield message_of(error), error.hint
            return
        if not is_there:
            missing = Message("capacity-scalers.not-on-host", host=self.host, command=program)
            yield missing, Message("capacity-scalers.place-it-there")
