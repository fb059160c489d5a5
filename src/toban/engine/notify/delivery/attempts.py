"""Attempts: every posting is attempted until it is accepted, refused for good, or too old.

At least once: if a worker dies while it sends, the next one sends again, under the same key. One worker sends
at a time (`lead`), with one thread per channel: an attempt that another worker began no longer has an owner.
If that worker comes back anyway, its late result is rejected by the number of its attempt. What is sent, and
in which order, is the matter of each outbox: notices, and changes for programs. The order is asked anew
before each attempt: what has become more urgent meanwhile does not wait for what was there before.
"""

import random
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from itertools import batched

import structlog
from django.db import InterfaceError, OperationalError, connections, transaction
from django.db.models import Case, F, QuerySet

from toban.engine.bindings.secret import SecretUnavailable
from toban.engine.clock import Clock
from toban.engine.evidence import ledger
from toban.engine.message_field import storable
from toban.engine.notify.counters import STAGE_TOTAL
from toban.engine.notify.delivery.channel import Undelivered
from toban.engine.notify.models import Posting
from toban.engine.state.question import NOW, Given, Question
from toban.engine.state.reach import STATE
from toban.message import NOTHING, Message, message_of
from toban.text import storable_text

LONGEST_WAIT = timedelta(minutes=5)
_FIRST_WAIT = timedelta(seconds=2)
_FEWEST_ATTEMPTS = 16
"""Never given up before this many attempts: a posting may be old because the whole machine was down."""
AHEAD = timedelta(minutes=1)
"""Workers' clocks may differ by less; a time further ahead was written before a clock was set back."""
_ASKED_AT_ONCE = 20
"""Whose turn it is takes more to find out than which is the most urgent: only these are asked at once."""
_STATE_AGAIN = 1.0
"""Seconds until a failed write to the state database is retried."""

type Jitter = Callable[[], float]
"""Returns a number in [0, 1)."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Outbox[P: Posting, C]:
    """Postings of one kind, on their way through channels of the type C."""

    model: type[P]
    needs: tuple[str, ...]
    """What sending one reads besides its own row."""
    in_turn: Callable[[QuerySet[P]], QuerySet[P]]
    """Keeps those whose turn it is: one may have to wait for another."""
    urgency: Case
    """The smallest goes first; what is equally urgent goes in the order in which it is due."""
    send: Callable[[P, C], str]
    """Sends one and returns its receipt, or raises `Undelivered`."""
    ended: Callable[[P, datetime], None]
    """Records how one ended, in the transaction that ends it."""
    give_up: timedelta
    """What could not be delivered for this long is given up."""


def always() -> None:
    """Permit every attempt: no other worker sends."""


def deliver_due[P: Posting, C](
    outbox: Outbox[P, C],
    name: str,
    channel: C,
    *,
    clock: Clock,
    most: int = 10,
    jitter: Jitter = random.random,
    permit: Callable[[], None] = always,
) -> int:
    """Send up to *most* due postings through the channel called *name*, the most urgent first.

    Returns how many were tried.
    *permit* is called before each attempt; it raises if another worker has taken over sending.
    """
    tried = 0
    for _ in range(most):
        pk = next(_most_urgent(outbox, name, clock()), None)
        if pk is None:
            break
        permit()
        posting = begin(outbox, pk, clock())
        if posting is not None:
            _attempt(outbox, posting, channel, clock, jitter)
            tried += 1
    return tried


def channels_due[P: Posting, C](outbox: Outbox[P, C], now: datetime) -> Iterable[str]:
    """Return the channels that a posting is due for."""
    return [channel for (channel,) in _channels_due(outbox.model).rows(now=now)]


@cache
def _channels_due(model: type[Posting]) -> Question:
    rows = model._default_manager.all()  # noqa: SLF001 - Django's own name for it
    return Question(lambda: _waiting(rows, NOW).order_by().values_list("channel").distinct())


def _most_urgent[P: Posting, C](outbox: Outbox[P, C], name: str, now: datetime) -> Iterator[int]:
    """Yield the due postings of a channel whose turn it is, the most urgent first."""
    due = _waiting(_rows(outbox).filter(channel=name), now)
    ordered = list(due.order_by(outbox.urgency, "next_at", "pk").values_list("pk", flat=True))
    for some in batched(ordered, _ASKED_AT_ONCE):
        in_turn = set(outbox.in_turn(_rows(outbox).filter(pk__in=some)).values_list("pk", flat=True))
        yield from (pk for pk in some if pk in in_turn)


def begin[P: Posting, C](outbox: Outbox[P, C], pk: int, now: datetime) -> P | None:
    """Begin an attempt, or return None if it is not due any more."""
    with transaction.atomic():
        due = _waiting(_rows(outbox).filter(pk=pk), now)
        if not due.update(attempts=F("attempts") + 1):
            return None
        return _rows(outbox).select_related(*outbox.needs).get(pk=pk)


def next_attempt(
    failure: Undelivered,
    *,
    attempts: int,
    created_at: datetime,
    now: datetime,
    jitter: float,
    give_up: timedelta,
) -> datetime | None:
    """Return when to try again after *attempts* attempts, or None to give up.

    Waits double from 2 s to 5 min, and each is shortened by up to a half (*jitter* in [0, 1)), so that many
    postings don't return at once. A wait is at least as long as the receiver asked for (Retry-After).
    """
    if not failure.retry:
        return None
    wait = min(LONGEST_WAIT, _FIRST_WAIT * 2 ** min(attempts - 1, 16)) * (1 - jitter / 2)
    asked = timedelta(seconds=failure.after or 0)
    at = now + max(wait, asked)
    is_given_up = at >= created_at + give_up and attempts >= _FEWEST_ATTEMPTS
    return None if is_given_up else at


def restamp[P: Posting, C](outbox: Outbox[P, C], now: datetime) -> None:
    """Move postings that begin in the future to *now*: a clock was set back after they were written."""
    ahead = _rows(outbox).filter(state=Posting.State.WAITING, created_at__gt=now + AHEAD)
    ahead.update(created_at=now, next_at=now)


def abandon[P: Posting, C](outbox: Outbox[P, C], bound: Collection[str], now: datetime) -> None:
    """Give up postings that wait for a channel that is not *bound* any more; the caller holds the ledger."""
    lost = _rows(outbox).filter(state=Posting.State.WAITING).exclude(channel__in=bound)
    for posting in lost.select_related(*outbox.needs):
        _close(outbox, posting, Posting.State.FAILED, now, error=Message("notify.channel-not-bound"))


def _rows[P: Posting, C](outbox: Outbox[P, C]) -> QuerySet[P]:
    return outbox.model._default_manager.all()  # noqa: SLF001 - Django's own name for it


def _waiting[P: Posting](postings: QuerySet[P], now: datetime | Given) -> QuerySet[P]:
    return postings.filter(state=Posting.State.WAITING, next_at__lte=now)


def _attempt[P: Posting, C](
    outbox: Outbox[P, C], posting: P, channel: C, clock: Clock, jitter: Jitter
) -> None:
    try:
        receipt = outbox.send(posting, channel)
    except Undelivered as failure:
        _failed(outbox, posting, failure, clock(), jitter)
    except SecretUnavailable as missing:
        _failed(outbox, posting, Undelivered(message_of(missing), retry=True), clock(), jitter)
    except Exception as bug:  # noqa: BLE001 - the boundary to a channel: one bad posting must not stop the rest.
        # The message of an unexpected error may contain a secret: only its type is reported.
        log.error("channel_broken", channel=posting.channel, error=type(bug).__name__)  # noqa: TRY400
        broken = Undelivered(Message("notify.channel-broken", error=type(bug).__name__), retry=True)
        _failed(outbox, posting, broken, clock(), jitter)
    else:
        _settle(outbox, posting, Posting.State.DELIVERED, clock(), receipt=storable_text(receipt))


def _failed[P: Posting, C](
    outbox: Outbox[P, C], posting: P, failure: Undelivered, now: datetime, jitter: Jitter
) -> None:
    error = storable(message_of(failure))
    at = next_attempt(
        failure,
        attempts=posting.attempts,
        created_at=posting.created_at,
        now=now,
        jitter=jitter(),
        give_up=outbox.give_up,
    )
    log.warning(
        "notice_undelivered",
        channel=posting.channel,
        attempt=posting.attempts,
        retry=at is not None,
        error=error.as_json(),
        posting=str(posting),
    )
    if at is None:
        _settle(outbox, posting, Posting.State.FAILED, now, error=error)
        return
    STAGE_TOTAL.labels("send", "retry").inc()
    _insist(lambda: _mine(outbox, posting).update(next_at=at, error=error))
    if failure.after is not None:
        # The receiver's wait is about the channel, not about this posting.
        waiting = _rows(outbox).filter(channel=posting.channel, state=Posting.State.WAITING)
        waiting.filter(next_at__lt=at).update(next_at=at)


def _settle[P: Posting, C](
    outbox: Outbox[P, C],
    posting: P,
    state: Posting.State,
    now: datetime,
    *,
    receipt: str = "",
    error: Message = NOTHING,
) -> None:
    def write() -> None:
        with transaction.atomic():
            ledger.hold()
            # Another worker may have begun an attempt after ours: then it writes the receipt.
            if _mine(outbox, posting).select_for_update().exists():
                _close(outbox, posting, state, now, receipt=receipt, error=error)

    _insist(write)


def _insist(write: Callable[[], object]) -> None:
    """Retry *write* until the state database accepts it: a receiver's answer must not be lost."""
    while True:
        try:
            write()
        except (OperationalError, InterfaceError) as error:
            if not STATE.explains(error):
                log.warning("receipt_waits_for_state", reason=str(error))
            connections.close_all()
            time.sleep(_STATE_AGAIN)
        else:
            return


def _mine[P: Posting, C](outbox: Outbox[P, C], posting: P) -> QuerySet[P]:
    return _rows(outbox).filter(pk=posting.pk, attempts=posting.attempts, state=Posting.State.WAITING)


def _close[P: Posting, C](
    outbox: Outbox[P, C],
    posting: P,
    state: Posting.State,
    now: datetime,
    *,
    receipt: str = "",
    error: Message = NOTHING,
) -> None:
    """Write the end of a posting; the caller holds the ledger."""
    posting.state, posting.settled_at = state, now
    posting.receipt, posting.error = receipt[:500], error
    posting.save(update_fields=["state", "settled_at", "receipt", "error"])
    outbox.ended(posting, now)
    STAGE_TOTAL.labels("send", state.value).inc()
