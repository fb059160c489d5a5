"""What is wrong with the processes of one Toban, seen together. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from toban.engine import amounts
from toban.engine.timekeeping.rules import TOLERANCE
from toban.message import NOTHING, Message, listing

BEAT = timedelta(seconds=5)
GONE = 12 * BEAT
"""So long without a sign of life, and a process counts as gone: twelve beats in a row."""

SETTLED = timedelta(minutes=1)
"""A new edition reaches every process within seconds; one that has another after so long does not follow."""


class NodeTrouble(StrEnum):
    """What can be wrong."""

    GONE = "gone"
    KEYS = "keys"
    CLOCK = "clock"
    EDITION = "edition"
    VERSIONS = "versions"
    LEFT_BEHIND = "left-behind"


ALARMING = (NodeTrouble.GONE, NodeTrouble.KEYS, NodeTrouble.EDITION)
"""What is an alert, too. A wrong clock is one by `toban.engine.timekeeping`; the others are only shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A process as it last described itself; see `NodeProcess`."""

    host: str
    program: str
    pid: int
    version: str
    key: str
    ahead_seconds: float | None
    edition: tuple[str, str]
    """The digests of its document and its bindings; both empty if none is in force."""
    edition_since: datetime | None
    is_left_behind: bool
    began_at: datetime
    seen_at: datetime

    @property
    def name(self) -> str:
        """What people call it."""
        return f"{self.host}/{self.program}/{self.pid}"

    def is_gone(self, now: datetime) -> bool:
        """Return whether it has given no sign of life for too long."""
        return now - self.seen_at > GONE

    @property
    def is_clock_wrong(self) -> bool:
        """Whether its clock is too far from the database's to be worked by."""
        return self.ahead_seconds is not None and abs(self.ahead_seconds) > TOLERANCE.total_seconds()


@dataclass(frozen=True, slots=True)
class NodeFinding:
    """Something that is wrong, with one process or between several."""

    trouble: NodeTrouble
    node: str
    """The process; empty if it is about several."""
    said: Message
    hint: Message = NOTHING


def findings(nodes: Sequence[Node], now: datetime) -> list[NodeFinding]:
    """Return what is wrong with *nodes* at *now*, worst first."""
    alive = [each for each in nodes if not each.is_gone(now)]
    return [
        *_differing_keys(alive),
        *_gone(nodes, now),
        *_other_editions(alive, now),
        *_wrong_clocks(alive),
        *_differing_versions(alive),
        *_left_behind(alive),
    ]


def _differing_keys(alive: Iterable[Node]) -> Iterator[NodeFinding]:
    by_key: dict[str, list[str]] = defaultdict(list)
    for each in alive:
        by_key[each.key].append(each.name)
    if len(by_key) > 1:
        said = [
            Message("nodes.with-key", key=key, nodes=listing(names))
            if key
            else Message("nodes.without-key", nodes=listing(names))
            for key, names in sorted(by_key.items(), key=lambda found: (-len(found[1]), found[0]))
        ]
        # Nobody can say which is the right one: a key that was mistyped once may be in most places.
        yield NodeFinding(
            NodeTrouble.KEYS, "", Message("nodes.keys-differ", groups=listing(said)), Message("nodes.one-key")
        )


def _gone(nodes: Iterable[Node], now: datetime) -> Iterator[NodeFinding]:
    for each in nodes:
        if each.is_gone(now):
            ago = amounts.about(now - each.seen_at)
            said = Message("nodes.is-gone", node=each.name, ago=ago)
            yield NodeFinding(NodeTrouble.GONE, each.name, said, Message("nodes.start-or-forget"))


def _other_editions(alive: Sequence[Node], now: datetime) -> Iterator[NodeFinding]:
    newest = max(
        (each for each in alive if each.edition_since is not None),
        key=lambda each: (each.edition_since, each.name),
        default=None,
    )
    if newest is None or newest.edition_since is None or now - newest.edition_since < SETTLED:
        return
    for each in alive:
        if each.edition != newest.edition and each.edition_since is not None:
            said = Message("nodes.other-edition", node=each.name, newest=newest.name)
            yield NodeFinding(NodeTrouble.EDITION, each.name, said, Message("nodes.see-keys-and-log"))


def _wrong_clocks(alive: Iterable[Node]) -> Iterator[NodeFinding]:
    for each in alive:
        if each.is_clock_wrong and each.ahead_seconds is not None:
            by = amounts.length(abs(timedelta(seconds=each.ahead_seconds)))
            code = "nodes.clock-ahead" if each.ahead_seconds > 0 else "nodes.clock-behind"
            said = Message(code, node=each.name, by=by)
            yield NodeFinding(
                NodeTrouble.CLOCK, each.name, said, Message("supervision.set-the-clock", host=each.host)
            )


def _differing_versions(alive: Iterable[Node]) -> Iterator[NodeFinding]:
    by_version: dict[str, list[str]] = defaultdict(list)
    for each in alive:
        by_version[each.version].append(each.name)
    if len(by_version) > 1:
        said = [
            Message("nodes.with-version", version=version, nodes=listing(names))
            for version, names in sorted(by_version.items())
        ]
        yield NodeFinding(NodeTrouble.VERSIONS, "", Message("nodes.versions-differ", groups=listing(said)))


def _left_behind(alive: Iterable[Node]) -> Iterator[NodeFinding]:
    for host in sorted({each.host for each in alive if each.is_left_behind}):
        said = Message("nodes.is-left-behind", host=host)
        yield NodeFinding(NodeTrouble.LEFT_BEHIND, host, said, Message("nodes.bring-files"))
