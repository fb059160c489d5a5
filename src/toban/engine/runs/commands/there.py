"""Commands on another host."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass

from toban.engine.runs.commands.command import judged
from toban.engine.runs.commands.filling import Act
from toban.engine.runs.commands.place import NotAnswered, Refused, Silent
from toban.engine.runs.commands.remote import RemoteCommand
from toban.engine.runs.rules import RunReason
from toban.engine.runs.work import StepFailed
from toban.engine.ssh.connect import answer_of, finds
from toban.engine.ssh.host import SshHost, Unreachable
from toban.engine.trial import Doubt
from toban.message import Message, message_of


@dataclass(frozen=True, slots=True)
class There:
    """See `CommandPlace`."""

    host: SshHost

    def act(self, arguments: tuple[str, ...]) -> Act:
        """See `CommandPlace`."""
        return RemoteCommand(self.host, arguments)

    def ask(self, arguments: tuple[str, ...], within: float) -> str:
        """See `CommandPlace`. What it writes is kept if it fails."""
        try:
            answer = asyncio.run(answer_of(self.host, arguments, within))
        except Unreachable as error:
            raise NotAnswered(message_of(error), hint=error.hint, retry=not error.lasting) from error
        except TimeoutError as error:
            said = Message("runs.no-answer-in-time", command=arguments[0], seconds=round(within))
            raise Silent(said, retry=True) from error
        if answer.status is None:
            raise NotAnswered(Message("runs.cut-off", host=self.host), retry=True)
        try:
            judged(answer.status, arguments)
        except StepFailed as failed:
            retry = failed.reason is not RunReason.NOT_RUNNABLE
            words = answer.err.strip() or answer.out.strip()
            raise Refused(message_of(failed), words=words, retry=retry) from failed
        return answer.out

    def doubts(self, program: str) -> Iterator[Doubt]:
        """See `CommandPlace`."""
        try:
            is_there = asyncio.run(finds(self.host, program))
        except Unreachable as error:
            yield message_of(error), error.hint
            return
        if not is_there:
            missing = Message("runs.not-on-host", host=self.host, command=program)
            yield missing, Message("runs.place-it-there")
