"""Inserts that are written together: a part costs the engine the same for ten rows as for a thousand.

ClickHouse itself groups inserts with `async_insert` and `wait_for_async_insert`; chDB doesn't. So repetitions
are detected here, where all inserts pass.

A repetition is refused, never silently accepted: only the table shows whether the earlier insert was stored
completely, in part or not at all. Two writers who look at the same time would both write the missing rows. So
the refusal says how much of the batch has come so far, and missing rows are accepted only from a writer that
has looked since.
"""

import threading
from collections import defaultdict, deque
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from uuid import uuid4

from toban.engine.telemetry.child.refusal import REPEATED, UNKNOWN, RequestRefusal
from toban.engine.telemetry.tokens import InsertToken

_LARGEST = 16 * 1024**2
"""Bytes of a group. The engine splits much larger inserts into blocks, and commits each one separately."""

MOST_KNOWN = 50_000
"""Number of the latest batches that are recognised when they come again."""

type Write = Callable[[Sequence[bytes]], None]
"""Writes the rows of inserts, all of them, or raises `RequestRefusal`."""
type Batch = tuple[str, int]
"""A table, and the value of its column `batch`."""


@dataclass(eq=False, slots=True)
class _WaitingInsert:
    batch: Batch
    token: str
    rows: bytes
    is_taken: bool = False
    is_done: bool = False
    refusal: tuple[int, str] | None = (UNKNOWN, "it is not known whether this insert was written")
    stored_nothing: bool = False


class Groups:
    """Writes inserts in groups. Any thread may insert; it waits until its rows are written, by any thread.

    One group of a kind is written at a time. Inserts that come meanwhile form the next one: two at once would
    make twice as many parts, and would wait for the disk just as long.
    """

    def __init__(
        self,
        is_held: Callable[[Batch], bool] = lambda _batch: False,
        most_known: int = MOST_KNOWN,
        largest: int = _LARGEST,
    ) -> None:
        """*is_held* returns whether rows of a batch were stored before anything is inserted here."""
        self._is_held = is_held
        self._most_known = most_known
        self._largest = largest
        self._life = uuid4().hex
        self._changed = threading.Condition()
        self._waiting: defaultdict[Hashable, deque[_WaitingInsert]] = defaultdict(deque)
        self._busy: set[Hashable] = set()
        self._unfinished: defaultdict[Batch, dict[str, _WaitingInsert]] = defaultdict(dict)
        self._known: dict[Batch, list[str]] = {}

    @property
    def is_busy(self) -> bool:
        """Whether an insert is waiting or being written."""
        return bool(self._unfinished)

    def insert(self, kind: Hashable, table: str, token: InsertToken, rows: bytes, write: Write) -> None:
        """Write *rows*, perhaps together with others of the same *kind*.

        If an insert with the same *token* is in progress, this call waits for that one. Raises the same
        `RequestRefusal` as *write*. Also raises it with `REPEATED` if the token has come before, if rows of
        its batch were stored at the start, or if what *token* has seen is out of date.
        """
        with self._changed:
            insert = self._admitted(kind, (table, token.batch), token, rows)
        while not self._is_finished(kind, insert):
            self._write_group(kind, write)
        if insert.refusal is not None:
            raise RequestRefusal(*insert.refusal)

    def _admitted(self, kind: Hashable, batch: Batch, token: InsertToken, rows: bytes) -> _WaitingInsert:
        same = self._unfinished[batch].get(token.text) if batch in self._unfinished else None
        if same is not None:
            return same
        if token.seen or self._is_known(batch, token):
            while batch in self._unfinished:
                self._changed.wait()
            seen = f"{self._life}:{len(self._known.get(batch, ()))}"
            if token.seen != seen:
                raise RequestRefusal(
                    REPEATED, f"this batch has come before ({token.SEEN}{seen}): look what is there"
                )
        insert = self._unfinished[batch][token.text] = _WaitingInsert(batch, token.text, rows)
        self._waiting[kind].append(insert)
        return insert

    def _is_known(self, batch: Batch, token: InsertToken) -> bool:
        return self._is_held(batch) or token.text in self._known.get(batch, ())

    def _is_finished(self, kind: Hashable, insert: _WaitingInsert) -> bool:
        """Wait until *insert* is done (True) or this thread must write a group (False)."""
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

    def _finish(self, insert: _WaitingInsert) -> None:
        insert.is_done = True
        insert.rows = b""
        of_batch = self._unfinished[insert.batch]
        del of_batch[insert.token]
        if not of_batch:
            del self._unfinished[insert.batch]
        if not insert.stored_nothing:
            self._known.setdefault(insert.batch, []).append(insert.token)
            if len(self._known) > self._most_known:
                del self._known[next(iter(self._known))]


def _taken(waiting: deque[_WaitingInsert], largest: int) -> Sequence[_WaitingInsert]:
    group: list[_WaitingInsert] = []
    size = 0
    while waiting and (not group or size + len(waiting[0].rows) <= largest):
        insert = waiting.popleft()
        insert.is_taken = True
        size += len(insert.rows)
        group.append(insert)
    return group


def _write(group: Sequence[_WaitingInsert], write: Write) -> None:
    refusal = _refusal(group, write)
    if refusal is not None and refusal.stored_nothing and len(group) > 1:
        # One of them is the cause, or there are too many.
        for insert in group:
            _write((insert,), write)
        return
    for insert in group:
        # Not the exception itself: it would keep the rows alive, and each waiting thread raises its own.
        insert.refusal = None if refusal is None else (refusal.code, str(refusal))
        insert.stored_nothing = refusal is not None and refusal.stored_nothing


def _refusal(group: Sequence[_WaitingInsert], write: Write) -> RequestRefusal | None:
    try:
        write([insert.rows for insert in group])
    except RequestRefusal as refused:
        return refused.with_traceback(None)
    return None
