"""Inserts that are written together: a part costs the engine as much for ten rows as for a thousand.

ClickHouse does so itself with `async_insert` and `wait_for_async_insert`; chDB doesn't. Which inserts are
repetitions is then known here instead of in the engine.
"""

import threading
from collections import defaultdict, deque
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

from toban.engine.telemetry.child.refusal import REPEATED, UNKNOWN, WHOLLY_REFUSED, Refused

_LARGEST = 16 * 1024**2
"""Bytes of a group. The engine cuts what is much larger into blocks, and commits each by itself."""
MOST_KNOWN = 50_000
"""Inserts that are known again, the latest."""

type Write = Callable[[Sequence[bytes]], None]
"""Writes the rows of inserts, all or, when it raises a `Refused` that says so, none."""


@dataclass(eq=False, slots=True)
class _Insert:
    name: Hashable
    rows: bytes
    is_taken: bool = False
    is_done: bool = False
    refusal: Refused | None = None


class Groups:
    """Any thread may insert; each waits until its rows are written, by itself or by another.

    Of a kind one group is written at a time. What comes meanwhile is the next one: two at once would be twice
    as many parts, and wait for the disk no less.
    """

    def __init__(self, most_known: int = MOST_KNOWN, largest: int = _LARGEST) -> None:
        self._most_known = most_known
        self._largest = largest
        self._changed = threading.Condition()
        self._waiting: defaultdict[Hashable, deque[_Insert]] = defaultdict(deque)
        self._busy: set[Hashable] = set()
        self._unfinished: dict[Hashable, _Insert] = {}
        self._known: dict[Hashable, None] = {}

    def insert(self, kind: Hashable, token: str, rows: bytes, write: Write) -> None:
        """Write *rows*, maybe with others of the same *kind*.

        Raises `Refused` as *write* does, and with `REPEATED` where *token* has come before: whether that
        attempt was written, in whole or in part, only the table tells.
        """
        name = (kind, token)
        with self._changed:
            if name in self._known:
                raise Refused(REPEATED, "this insert has come before: look for what is there of it")
            insert = self._unfinished.get(name)
            if insert is None:
                insert = self._unfinished[name] = _Insert(name, rows)
                self._waiting[kind].append(insert)
        while not self._is_finished(kind, insert):
            self._write_group(kind, write)
        if insert.refusal is not None:
            raise insert.refusal

    def _is_finished(self, kind: Hashable, insert: _Insert) -> bool:
        """Wait until *insert* is done, or this thread is to write a group."""
        with self._changed:
            while not insert.is_done:
                if not insert.is_taken and kind not in self._busy:
                    self._busy.add(kind)
                    return False
                self._changed.wait()
            return True

    def _write_group(self, kind: Hashable, write: Write) -> None:
        with self._changed:
            group = _taken(self._waiting[kind], self._largest)
        try:
            _write(group, write)
        finally:
            with self._changed:
                self._busy.discard(kind)
                for insert in group:
                    self._finish(insert)
                self._changed.notify_all()

    def _finish(self, insert: _Insert) -> None:
        insert.is_done = True
        insert.rows = b""
        del self._unfinished[insert.name]
        if insert.refusal is None or insert.refusal.code not in WHOLLY_REFUSED:
            self._known[insert.name] = None
            if len(self._known) > self._most_known:
                del self._known[next(iter(self._known))]


def _taken(waiting: deque[_Insert], largest: int) -> Sequence[_Insert]:
    group: list[_Insert] = []
    size = 0
    while waiting and (not group or size + len(waiting[0].rows) <= largest):
        insert = waiting.popleft()
        insert.is_taken = True
        size += len(insert.rows)
        group.append(insert)
    return group


def _write(group: Sequence[_Insert], write: Write) -> None:
    for insert in group:
        insert.refusal = Refused(UNKNOWN, "it is not known whether this insert was written")
    try:
        write([insert.rows for insert in group])
    except Refused as refused:
        if len(group) > 1 and refused.code in WHOLLY_REFUSED:
            # One of them is to blame.
            for insert in group:
                _write((insert,), write)
            return
        for insert in group:
            insert.refusal = refused
    else:
        for insert in group:
            insert.refusal = None
