"""Resources, forecasts and groups as JSON values: the same in the terminal, on the page and by the API."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from toban.chapters.capacity.forecasting.forecast import Forecast
from toban.chapters.capacity.forecasting.reach import Reach
from toban.chapters.capacity.known import KnownResource
from toban.chapters.capacity.models import ScalingLook
from toban.chapters.capacity.patch import CellProposal
from toban.chapters.capacity.plan import CapacityPlan, Group
from toban.chapters.capacity.rows.judging import GroupState
from toban.chapters.capacity.rows.report import looks_of, states
from toban.chapters.capacity.scaling.looking import newest_runs
from toban.chapters.capacity.scaling.replays import GroupReplay
from toban.chapters.capacity.scaling.works import works
from toban.engine.amounts import length
from toban.engine.orders import NotPossible
from toban.engine.runs.models import Run
from toban.message import Message, plain

_WHOLE = 1.0


def resource_named(found: Sequence[KnownResource], plan: CapacityPlan, name: str) -> KnownResource:
    """Return the resource called *name* in the document or the bindings; raise `NotPossible`."""
    wanted = plan.resource(name)
    each = next((each for each in found if each.resource is wanted), None)
    if each is None:
        known = tuple(resource.row.resource for resource in plan.resources)
        hint = Message("capacity.known-resources", names=known) if known else Message("capacity.bind-one")
        raise NotPossible(Message("capacity.no-such-resource-here", name=name), hint)
    return each


def resource_values(each: KnownResource, today: date) -> Mapping[str, object]:
    """Return what is known of a resource."""
    reading, row = each.reading, each.resource.row
    return {
        "resource": row.resource,
        "name": each.resource.name,
        "clause": row.id,
        "unit": each.resource.unit,
        "used": each.used,
        "limit": each.limit,
        "real_limit": reading.limit if reading is not None else None,
        "share": each.share,
        "level": each.level,
        "document_used": each.resource.stated_use,
        "document_limit": each.resource.stated_limit,
        "read_at": reading.read_at.isoformat() if reading is not None and reading.read_at else None,
        "trouble": reading.trouble.as_output() if reading is not None and reading.trouble else None,
        "days_left": each.days_left(today),
        "forecast": each.words.as_output() if each.words else None,
    }


@dataclass(frozen=True, slots=True)
class Level:
    """A share of the limit, and when it is reached."""

    share: float
    reach: Reach


def levels(each: KnownResource, forecast: Forecast | None = None) -> Iterator[Level]:
    """Yield when the row's share and the whole limit are reached, by its own forecast or by *forecast*."""
    for share in dict.fromkeys((each.level, _WHOLE)):
        found = each.reaches(share, forecast)
        if found is not None:
            yield Level(share, found)


def forecast_values(
    each: KnownResource, today: date, changed: Forecast | None = None
) -> Mapping[str, object]:
    """Return the forecast of a resource, or the one that people imagine, a value a day."""
    made = each.outlook
    found = changed or (made.forecast if made is not None else None)
    return {
        **resource_values(each, today),
        "made_at": made.made_at.isoformat() if made is not None else None,
        "imagined": changed is not None,
        "method": found.method if found is not None else None,
        "basis": found.basis if found is not None else None,
        "error": found.error if found is not None else None,
        "why_none": made.why_none.as_output() if made is not None and made.why_none else None,
        "possible_on": _day(made.possible_on) if made is not None else None,
        "levels": [_level(level, each) for level in levels(each, found)],
        "jumps": [
            {"on": jump.on.isoformat(), "size": jump.size, "kind": jump.kind}
            for jump in (found.jumps if found is not None else ())
        ],
        "days": [*_days(found)] if found is not None else [],
    }


def _level(level: Level, each: KnownResource) -> Mapping[str, object]:
    return {
        "share": level.share,
        "amount": level.share * each.limit,
        "already": level.reach.already,
        "on": _day(level.reach.on),
        "earliest": _day(level.reach.earliest),
        "latest": _day(level.reach.latest),
    }


def _days(found: Forecast) -> Iterator[Mapping[str, object]]:
    lines = zip(found.values.tolist(), found.low.tolist(), found.high.tolist(), strict=True)
    for number, (value, low, high) in enumerate(lines):
        yield {"date": found.day(number).isoformat(), "value": value, "low": low, "high": high}


def _day(on: date | None) -> str | None:
    return on.isoformat() if on is not None else None


@dataclass(frozen=True, slots=True)
class ShownGroup:
    """A group by one of the rules about it, as it stands."""

    group: Group
    state: GroupState
    look: ScalingLook | None
    run: Run | None
    """The newest."""

    @property
    def decision(self) -> Message:
        """What was decided at the last look, in words."""
        look = self.look
        if look is None:
            return Message("capacity.not-looked-yet", group=self.group.name)
        code = f"capacity.decision-{look.outcome}"
        return Message(code, mean=self.state.mean, limit=self.state.limit, said=look.said)

    @property
    def size(self) -> Mapping[str, int | None]:
        """How many instances are wanted and serving; empty if that is not known."""
        return self.look.size if self.look is not None and self.look.size else {}


def shown_groups(plan: CapacityPlan) -> Sequence[ShownGroup]:
    """Return every group by each rule about it, in the order of the plan."""
    looks, runs = looks_of(plan), newest_runs(plan.groups)
    found = states(plan, works(plan), looks, runs)
    keys = [(each, (each.name, each.row.id)) for each in plan.groups]
    return [ShownGroup(each, found[key], looks.get(key), runs.get(each.key)) for each, key in keys]


def group_values(each: ShownGroup) -> Mapping[str, object]:
    """Return a group as JSON values."""
    group, look, run = each.group, each.look, each.run
    return {
        "group": group.name,
        "clause": group.row.id,
        "work": group.key,
        "condition": group.row.trigger_text,
        "by": group.config.by,
        "mode": each.state.mode if group.is_ours else None,
        "metric": group.metric,
        "limit": group.limit,
        "minutes": group.terms.minutes,
        "step": group.step,
        "most": group.most,
        "wanted": each.size.get("wanted"),
        "serving": each.size.get("serving"),
        "mean": look.mean if look is not None else None,
        "outcome": look.outcome if look is not None else None,
        "decision": each.decision.as_output(),
        "since": look.since.isoformat() if look is not None else None,
        "looked_at": look.looked_at.isoformat() if look is not None else None,
        "run": run.pk if run is not None else None,
        "run_state": run.state if run is not None else None,
        "run_note": run.note.as_output() if run is not None and run.note else None,
    }


def replay_values(each: GroupReplay) -> Mapping[str, object]:
    """Return a replay as JSON values."""
    cost, found = each.cost, each.found
    return {
        "group": each.group.name,
        "clause": each.group.row.id,
        "begins": each.begins.isoformat(),
        "ends": each.ends.isoformat(),
        "size": each.size,
        "size_from": each.size_from.as_output(),
        "added": [{"at": at.isoformat(), "to": to} for at, to in found.added],
        "minutes_at_limit": found.limited,
        "known_share": found.known,
        "instance_hours": found.instance_time.total_seconds() / 3600,
        "cost": str(cost) if cost is not None else None,
        "said": replay_words(each).as_output(),
        "caveat": Message("capacity.replay-relieves-nobody").as_output(),
    }


def replay_words(each: GroupReplay) -> Message:
    """Say in one sentence what the rule would have done."""
    added, time = each.found.added, length(each.ends - each.begins)
    if not added:
        return Message("capacity.replay-never", time=time, size=each.size)
    code = "replay-with-cost" if each.cost is not None else "replay-without-price"
    values = {
        "time": time,
        "times": Message("design.quantity-of-times", count=len(added)),
        "size": each.size,
        "last": added[-1][1],
        "cost": str(each.cost),
    }
    return Message(f"capacity.{code}", **values)


def proposal_words(each: CellProposal) -> Message:
    """Say what a cell of the usage table is to hold."""
    return Message(
        "capacity.cell-differs",
        resource=each.resource,
        column=each.cell.heading,
        before=plain(each.cell.text),
        after=plain(each.change.text),
    )


def proposal_values(found: Iterable[CellProposal]) -> Sequence[Mapping[str, object]]:
    """Return cells as JSON values."""
    return [
        {
            "resource": each.resource,
            "line": each.cell.line,
            "column": each.cell.heading,
            "before": each.cell.text,
            "after": each.change.text,
        }
        for each in found
    ]
