"""A command that has another server take over. What it does can't be undone: it asks in every mode."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from toban.chapters.incident.remedies.kinds.command import CommandRemedy, bound, doubts, opened
from toban.chapters.incident.remedies.remedy import RemedyKind


class FailoverRemedy(CommandRemedy):
    """`kind = "failover"`: a command that also makes sure that the old server serves no more."""

    example: ClassVar[Mapping[str, str | Sequence[str]]] = {"command": ["bin/failover", "{target}"]}


KIND = RemedyKind(config=FailoverRemedy, open=opened, doubts=doubts, bound=bound, is_irreversible=True)
