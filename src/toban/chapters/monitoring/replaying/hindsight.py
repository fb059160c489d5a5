"""How many alerts a changed monitor would have raised, and whom they would have told. See `HINDSIGHT`."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from toban.chapters.monitoring.bindings import MONITORING
from toban.chapters.monitoring.counting import counting_of
from toban.chapters.monitoring.limits import MonitorLimits, Unjudgeable, limits_of
from toban.chapters.monitoring.measuring.feeds import series_of, target_of
from toban.chapters.monitoring.replaying.past import hours_of, readings
from toban.chapters.monitoring.replaying.replay import HOUR, Episode, PastHour, newest_within, replayed
from toban.chapters.monitoring.source import Measurement
from toban.design.clauses.duty import DutyRole
from toban.design.clauses.monitoring import Monitor
from toban.engine.amounts import length
from toban.engine.calendar.opening import is_open
from toban.engine.editions.edition import Edition
from toban.engine.hindsight.question import Hindsight, HindsightQuestion, unknown
from toban.engine.notify.deciding.hindsight import told_said
from toban.engine.notify.deciding.rehearsal import PastAlert, ToldInReplay, rehearse
from toban.engine.notify.models import Alert
from toban.engine.notify.routing.timing import office_hours
from toban.message import NOTHING, Message, message_of

_ALERTS = "alerts"
_MOST_READINGS = 1_500_000
"""Read of one row; of more, only the newest days are replayed, and the answer says how many."""
_NIGHT_BEGINS, _NIGHT_ENDS = 22, 5
"""深夜 of the Labour Standards Act; the answer names the hours."""
_LISTED = 200
_SLOT = timedelta(minutes=5)

type Hours = Mapping[str, Sequence[PastHour]]


@dataclass(frozen=True, slots=True)
class Side:
    """The row in one of the two editions."""

    row: Monitor
    edition: Edition
    limits: MonitorLimits

    @property
    def series(self) -> str:
        """The name under which its samples are stored."""
        return series_of(self.row)


@dataclass(frozen=True, slots=True)
class SideReplay:
    """The alerts that one side would have raised."""

    episodes: tuple[Episode, ...]
    night: int
    off_hours: int
    told: ToldInReplay


_NOTHING_RAISED = SideReplay((), 0, 0, ToldInReplay({}, 0))
"""A row that did not exist raises nothing."""


def recall(question: HindsightQuestion) -> Iterator[Hindsight]:
    """Yield what a changed monitor would have raised over the past, by its stored samples."""
    change = question.change
    try:
        sides = [
            _side(row, edition)
            for row, edition in ((change.old, question.old), (change.new, question.new))
            if isinstance(row, Monitor)
        ]
    except Unjudgeable as error:
        yield unknown(_ALERTS, message_of(error))
        return
    why = _why_not_comparable(sides, question)
    if why:
        yield unknown(_ALERTS, why)
        return
    found = hours_of(
        question.site.telemetry,
        sides[-1].limits.metric,
        sides[-1].series,
        question.since,
        question.now,
    )
    if found is None:
        yield unknown(_ALERTS, Message("hindsight.too-many-instances"), is_failed=True)
    elif not found:
        yield unknown(_ALERTS, Message("hindsight.nothing-measured", series=target_of(sides[-1].row)))
    elif are_too_far_apart(found, [each.limits.patience for each in sides]):
        yield unknown(_ALERTS, Message("hindsight.too-far-apart"))
    elif any((reach := _within_reach(found, sides)).values()):
        yield _compared(question, sides, reach)
    else:
        yield unknown(_ALERTS, Message("hindsight.too-many-instances"), is_failed=True)


def _side(row: Monitor, edition: Edition) -> Side:
    return Side(row, edition, limits_of(row, MONITORING.of(edition.bindings)))


def _why_not_comparable(sides: Sequence[Side], question: HindsightQuestion) -> Message:
    """Return why samples of before say nothing about the new row; nothing if they do."""
    new = sides[-1]
    if len(sides) == 1:
        is_own = new.series == new.row.id
        # What nobody counted for it is not stored.
        is_new = is_own and question.change.old is None
        return Message("hindsight.counted-only-from-now") if is_new else NOTHING
    old = sides[0]
    if (old.limits.metric, old.series) != (new.limits.metric, new.series):
        return Message("hindsight.measured-otherwise")
    if counting_of(old.row, old.limits, ()) != counting_of(new.row, new.limits, ()):
        return Message("hindsight.counted-otherwise")
    before, after = old.limits.percentile, new.limits.percentile
    if before is None or after is None:
        return Message("hindsight.counted-otherwise") if before is not after else NOTHING
    if (before.of, before.window) != (after.of, after.window):
        return Message("hindsight.counted-otherwise")
    # From the highest threshold on, a lower bound of the value was enough, and is what is stored.
    return Message("hindsight.percentile-cut") if after.highest > before.highest else NOTHING


def _within_reach(found: Hours, sides: Sequence[Side]) -> Hours:
    """Return the newest hours that can be replayed, from one moment on for all instances; it may be none."""
    share = _MOST_READINGS // len(found)
    kept = {
        name: list(newest_within([each.limits for each in sides], hours, share))
        for name, hours in found.items()
    }
    # The last hour that is left out: of an instance, nothing may be left.
    left_out = (
        found[name][-len(hours) - 1].at for name, hours in kept.items() if len(hours) < len(found[name])
    )
    cut = max(left_out, default=None)
    return {name: [each for each in hours if cut is None or each.at > cut] for name, hours in kept.items()}


def _compared(question: HindsightQuestion, sides: Sequence[Side], hours: Hours) -> Hindsight:
    known_from, share = known_time(hours, question.now)
    ran = {side.row is question.change.old: _replay(question, side, hours) for side in sides}
    old, new = ran.get(True, _NOTHING_RAISED), ran.get(False, _NOTHING_RAISED)
    actual = _actual(question, known_from)
    zone = question.new.bindings.system.zone
    said = (
        _alerts_said(old, new),
        *told_said(old.told, new.told),
        _known_said(question, known_from, share, zone),
        _actual_said(old, actual) if question.change.old is not None else NOTHING,
    )
    values = {
        "since": question.since.isoformat(),
        "known_from": known_from.isoformat(),
        "known": round(share, 4),
        "old": _as_json(old),
        "new": _as_json(new),
        "actual": actual,
    }
    is_adverse = new.night > old.night or new.told.twice > old.told.twice
    return Hindsight(_ALERTS, tuple(filter(None, said)), values, is_adverse)


def _replay(question: HindsightQuestion, side: Side, hours: Hours) -> SideReplay:
    episodes: list[Episode] = []
    for instance, of_instance in hours.items():
        question.site.hurry()
        read = partial(_read, question, side, instance)
        episodes += replayed(instance, side.limits, of_instance, read)
    episodes.sort(key=lambda each: each.opened_at)
    edition, system = side.edition, side.edition.bindings.system
    office = office_hours(edition.design.of(DutyRole), system.office_hours)
    alerts = [_alert(each, side) for each in episodes]
    told = rehearse(alerts, edition, question.now, question.site.hurry)
    return SideReplay(
        tuple(episodes),
        sum(is_at_night(each.opened_at, system.zone) for each in episodes),
        sum(not is_open(office, system, each.opened_at) for each in episodes),
        told,
    )


def _read(
    question: HindsightQuestion, side: Side, instance: str, start: datetime, end: datetime
) -> Iterator[Measurement]:
    question.site.hurry()
    return readings(question.site.telemetry, side.limits.metric, side.series, instance, start, end)


def are_too_far_apart(hours: Hours, patience: Sequence[timedelta]) -> bool:
    """Return whether the last of *patience*, shorter than the first, takes each gap for a silence. Pure."""
    counts = [each for of_instance in hours.values() for each in of_instance]
    gap = _SLOT * (sum(each.known for each in counts) / sum(each.count for each in counts))
    return patience[-1] < patience[0] and patience[-1] < gap * 2


def known_time(hours: Hours, now: datetime) -> tuple[datetime, float]:
    """Return since when there are readings, and for which share of the time since: of any instance. Pure.

    Instances come and go, so nobody knows how many should have been measured.
    """
    known: dict[datetime, int] = {}
    for each in (hour for of_instance in hours.values() for hour in of_instance):
        known[each.at] = max(known.get(each.at, 0), each.known)
    first = min(hour.first or hour.at for of_instance in hours.values() for hour in of_instance)
    return first, min(sum(known.values()) / max((now - first) / _SLOT, 1.0), 1.0)


def is_at_night(at: datetime, zone: ZoneInfo) -> bool:
    """Return whether people are asleep at *at*: from 22:00 to 5:00."""
    hour = at.astimezone(zone).hour
    return hour >= _NIGHT_BEGINS or hour < _NIGHT_ENDS


def _alert(episode: Episode, side: Side) -> PastAlert:
    return PastAlert(
        key=f"{side.row.id}/{episode.instance}",
        clause_id=side.row.id,
        turns=episode.turns,
        resolved_at=episode.resolved_at,
        labels={
            "target": target_of(side.row),
            "item": side.limits.metric.value,
            "instance": episode.instance,
        },
    )


def _actual(question: HindsightQuestion, known_from: datetime) -> int:
    """Return how many alerts about the row's value really were opened."""
    since = max(question.since, known_from)
    opened = Alert.objects.filter(clause_id=question.change.clause.id, opened_at__gte=since)
    return opened.exclude(key__endswith="/no-data").count()


def _alerts_said(old: SideReplay, new: SideReplay) -> Message:
    return Message(
        "hindsight.alerts",
        old=len(old.episodes),
        new=len(new.episodes),
        more=_signed(len(new.episodes) - len(old.episodes)),
        night=_signed(new.night - old.night),
        off=_signed(new.off_hours - old.off_hours),
    )


def _known_said(question: HindsightQuestion, known_from: datetime, share: float, zone: ZoneInfo) -> Message:
    """Return how much of what was asked is known: time without samples is no time without alerts."""
    is_short = known_from - question.since >= HOUR
    if not is_short and round(share * 100) >= 100:
        return NOTHING
    return Message(
        "hindsight.known",
        span=length(question.now - known_from),
        since=f"{known_from.astimezone(zone):%Y-%m-%d %H:%M}",
        share=round(share * 100),
    )


def _actual_said(old: SideReplay, actual: int) -> Message:
    if actual == len(old.episodes):
        return NOTHING
    return Message("hindsight.actual", actual=actual, old=len(old.episodes))


def _signed(number: int) -> str:
    return f"{number:+d}" if number else "±0"


def _as_json(side: SideReplay) -> Mapping[str, object]:
    newest = side.episodes[-_LISTED:]
    return {
        "alerts": len(side.episodes),
        "night": side.night,
        "off_hours": side.off_hours,
        "told": dict(side.told.messages),
        "told_twice": side.told.twice,
        "newest": [
            {
                "instance": each.instance,
                "opened_at": each.opened_at.isoformat(),
                "turns": [[at.isoformat(), condition.value] for at, condition in each.turns],
                "resolved_at": each.resolved_at.isoformat() if each.resolved_at is not None else None,
            }
            for each in newest
        ],
    }


HINDSIGHT = {Monitor: recall}
