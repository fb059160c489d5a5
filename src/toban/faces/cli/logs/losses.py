"""Which logs, held by a Toban on this machine, a new version of the document would delete."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from toban.design.clauses.logs import LogKind
from toban.design.reader import Design
from toban.design.values.duration import Duration
from toban.engine.bindings.model import System
from toban.engine.extension import Consequence
from toban.engine.registry.parts import Parts
from toban.faces.cli.state import set_up
from toban.message import NOTHING, Message, listing, message_of

if TYPE_CHECKING:
    from toban.engine.retention import CompanionRecords
    from toban.engine.telemetry.logs.days import DayPart

    type Stretch = tuple[datetime | None, datetime]


@dataclass(frozen=True, slots=True)
class Loss:
    """A kind of log that is kept for a shorter time than before."""

    row: LogKind
    """The row in the new version."""
    former: str
    """How long the old version keeps it; empty if it doesn't say."""
    days: "Sequence[DayPart] | None"
    """What is stored and older than the new version keeps, in order; None if unknown."""
    held_by: str = ""
    """The reason of a legal hold: nothing is deleted while it lasts."""
    beside: "Sequence[CompanionRecords]" = ()
    """Data kept elsewhere that is deleted together with the days."""


@dataclass(frozen=True, slots=True)
class Losses:
    """All that a new version would delete."""

    found: Sequence[Loss] = ()
    unknown: Message = NOTHING
    """Why it is unknown how much is stored."""


def consequence(old: Design, new: Design, parts: Parts, now: datetime) -> Consequence:
    """Report what *new* would delete that *old* keeps. See `Extension`."""
    lost = losses(old, new, parts, now)
    lines = tuple(_as_text(lost)) if lost.found else ()
    return Consequence("logs", Message("logs.logs-to-be-deleted"), lines, _as_json(lost))


def losses(old: Design, new: Design, parts: Parts, now: datetime) -> Losses:
    """Return what *new* would delete that *old* keeps.

    The Toban that TOBAN_HOME or TOBAN_TELEMETRY_URL names is asked how much is stored, if it answers.
    """
    # The following imports load more than the plan itself needs.
    if not new.of(LogKind):
        return Losses()
    from toban.chapters.logs.keeping.retention import first_kept, is_shorter, older  # noqa: PLC0415
    from toban.chapters.logs.rules import kept_as, kinds_of  # noqa: PLC0415

    running = _RunningToban()
    before, after = kinds_of(old), kinds_of(new)

    def first_day(rows: Mapping[str, LogKind], kind: str) -> Any:
        today = now.astimezone(running.zone).date()
        return first_kept(rows[kind].retention if kind in rows else None, today, running.zone)

    shorter = [kind for kind in after if is_shorter(first_day(after, kind), first_day(before, kind))]
    if not shorter:
        return Losses()
    stored, unknown = _stored()
    if not unknown:
        spans = {kind: _between(before.get(kind), after[kind], now) for kind in shorter}
        running = _in_force(parts, spans)
    found = []
    for kind in shorter:
        former = before[kind].retention if kind in before else None
        days = [day for day in stored if kept_as(day.kind, after) == kind]
        old_days = None if unknown else older(days, first_day(after, kind))
        held_by, beside = running.held.get(kind, ""), running.beside.get(kind, ())
        found.append(Loss(after[kind], str(former or ""), old_days, held_by, beside))
    return Losses(found, unknown)


def _as_text(lost: Losses) -> Iterator[Message]:
    """Yield the lines about *lost*, which come after the changes."""
    for each in lost.found:
        yield Message(
            "logs.shorter-kept",
            log=each.row.name,
            former=each.former or Message("logs.not-kept-before"),
            kept=each.row.retention,
            origin=each.row.origin,
            loss=_loss(each),
        )
    if lost.unknown:
        yield Message("logs.plan-indented", said=lost.unknown)
        yield Message("logs.plan-hint", hint=Message("logs.plan-where-toban-runs"))
    elif any(each.days or each.beside for each in lost.found):
        yield Message("logs.plan-hint", hint=Message("logs.nothing-deleted-before-agreement"))


def _loss(loss: Loss) -> Message:
    from toban.chapters.logs.keeping.report import amount, stretch  # noqa: PLC0415

    if loss.days is None:
        return Message("logs.loss-unknown")
    if not loss.days and not loss.beside:
        return Message("logs.no-loss-yet")
    lost = amount(loss.days, loss.beside)
    if loss.held_by:
        return Message("logs.no-loss-as-held", amount=lost, reason=loss.held_by)
    return Message("logs.loss", amount=listing([lost, stretch(loss.days)]) if loss.days else lost)


def _as_json(lost: Losses) -> list[dict[str, Any]]:
    """Return *lost* for scripts; `deletes` is null if it can't be known."""
    return [
        {
            "id": each.row.id,
            "log": each.row.name,
            "old": each.former,
            "new": str(each.row.retention),
            "deletes": None if each.days is None else _amount(each.days, each.beside),
            "held_by": each.held_by,
            "unknown": lost.unknown.as_output() if lost.unknown else None,
        }
        for each in lost.found
    ]


def _amount(days: "Sequence[DayPart]", beside: "Sequence[CompanionRecords]") -> dict[str, Any]:
    return {
        "days": len(days),
        "rows": sum(each.rows for each in days),
        "bytes": sum(each.bytes for each in days),
        "from": days[0].day.isoformat() if days else None,
        "to": days[-1].day.isoformat() if days else None,
        "beside": [{"what": each.key, "count": each.count, "bytes": each.bytes} for each in beside],
    }


def _stored() -> "tuple[Sequence[DayPart], Message]":
    """Return the days that are stored, or why they are unknown."""
    set_up()
    from django.conf import settings  # noqa: PLC0415

    from toban.engine.telemetry.logs.days import LogDays  # noqa: PLC0415
    from toban.engine.telemetry.store import StoreRefused, StoreUnavailable, Telemetry  # noqa: PLC0415

    if not settings.TELEMETRY_URL:
        return (), Message("logs.no-toban-runs-here", home=settings.HOME)
    try:
        return LogDays(Telemetry(settings.TELEMETRY_URL)).parts(), NOTHING
    except (StoreUnavailable, StoreRefused, ValueError) as away:
        return (), Message("logs.store-not-answering", reason=message_of(away))


@dataclass(frozen=True, slots=True)
class _RunningToban:
    """What the running Toban knows."""

    zone: tzinfo = field(default_factory=lambda: System().zone)
    held: Mapping[str, str] = MappingProxyType({})
    """The reasons of legal holds by kind."""
    beside: "Mapping[str, Sequence[CompanionRecords]]" = MappingProxyType({})
    """Data of each kind that is kept elsewhere."""


def _between(former: LogKind | None, row: LogKind, now: datetime) -> "Stretch":
    """Return the period that *former* keeps and *row* does not."""
    start, end = (
        now - each.retention.as_timedelta() if each and isinstance(each.retention, Duration) else None
        for each in (former, row)
    )
    # The shorter retention has an end.
    return start, end or now


def _in_force(parts: Parts, spans: "Mapping[str, Stretch]") -> _RunningToban:
    """Ask the running Toban about the kinds of *spans*, each with the period that would no longer be kept."""
    from django.conf import settings  # noqa: PLC0415
    from django.db import DatabaseError  # noqa: PLC0415

    from toban.chapters.logs.keeping.keeper import elsewhere, held_by  # noqa: PLC0415
    from toban.faces.cli.kept import kept_edition  # noqa: PLC0415

    try:
        edition = kept_edition(parts, settings.HOME)
        held = {kind: held_by(kind) for kind in spans}
        others = elsewhere(parts.ports)
        beside = {kind: others[kind](*spans[kind]) for kind in spans if kind in others}
    except DatabaseError:
        # The store is elsewhere, and this machine does not know its state.
        return _RunningToban()
    return _RunningToban((edition.bindings.system if edition is not None else System()).zone, held, beside)
