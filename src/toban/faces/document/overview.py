"""The figures over the document: how much conforms, what fires, who is on duty, what comes next. Pure."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from toban.chapters.objectives.report import BUDGET_LEFT
from toban.design.clauses.base import Clause
from toban.design.clauses.objectives import Objective
from toban.design.values.metric import Metric
from toban.engine.bindings.model import Person, System
from toban.engine.editions.edition import Edition
from toban.engine.evidence.verdict import FIRING, Verdict
from toban.engine.notify.duty.roster import Override, Roster, Watch, on_duty, rosters
from toban.engine.said import Said
from toban.faces.document.address import evidence_address
from toban.faces.document.live import LiveRow, worst_first
from toban.faces.document.outline import Outline
from toban.faces.words import verdicts as words
from toban.faces.words.duty import name_of


@dataclass(frozen=True, slots=True)
class Figure:
    """One entry of the top bar."""

    label: str
    value: str
    detail: str
    address: str
    verdict: str = ""


@dataclass(frozen=True, slots=True)
class ContentsLine:
    """One line of the contents."""

    anchor: str
    title: str
    verdict: str
    mark: str
    word: str
    conforming: int
    total: int
    unread: int


def contents(outline: Outline, rows: Mapping[str, LiveRow]) -> Iterator[ContentsLine]:
    """Yield each chapter with its worst verdict."""
    for entry in outline.entries:
        found = Counter(Verdict(rows[each].verdict) for each in entry.clauses)
        worst = next((verdict for verdict in Verdict if found[verdict]), None)
        yield ContentsLine(
            anchor=entry.anchor,
            title=entry.title or _("この文書"),
            verdict=worst.value if worst else "",
            mark=worst.mark if worst else "",
            word=str(words.WORDS[worst]) if worst else "",
            conforming=found[Verdict.CONFORMING],
            total=len(entry.clauses),
            unread=entry.unread,
        )


def figures(
    edition: Edition,
    rows: Mapping[str, LiveRow],
    due: Mapping[str, datetime],
    overrides: Sequence[Override],
    now: datetime,
) -> list[Figure]:
    """Return the top bar; *due*: clause id → next due time, *overrides*: those that hold at *now*."""
    by_id = {clause.id: clause for clause in edition.design.clauses}
    return [
        _conforming(rows),
        _error_budget(edition, rows),
        _firing(rows, by_id),
        _on_duty(edition, overrides, now),
        _next(due, by_id, edition.bindings.system, now),
    ]


def _conforming(rows: Mapping[str, LiveRow]) -> Figure:
    count = sum(row.verdict == Verdict.CONFORMING for row in rows.values())
    return Figure(
        _("適合"),
        f"{count} / {len(rows)}",
        _("行"),
        f"/?verdict={Verdict.CONFORMING}",
        Verdict.CONFORMING.value,
    )


def _error_budget(edition: Edition, rows: Mapping[str, LiveRow]) -> Figure:
    objective = next(
        (each for each in edition.design.of(Objective) if each.metric is Metric.AVAILABILITY), None
    )
    if objective is None:
        return Figure(_("停止時間の残り"), "—", _("文書に稼働率の目標がありません"), "/")
    row = rows.get(objective.id)
    left = row.value.partition(words.told(Said(BUDGET_LEFT, {"left": ""})))[2] if row is not None else ""
    verdict = Verdict(row.verdict) if row is not None and left else Verdict.NOT_MEASURABLE
    return Figure(
        _("停止時間の残り"),
        left or f"{verdict.mark} {words.WORDS[verdict]}",
        str(objective.target),
        evidence_address(objective.id),
        verdict.value,
    )


def _firing(rows: Mapping[str, LiveRow], by_id: Mapping[str, Clause]) -> Figure:
    firing = worst_first(row for row in rows.values() if row.verdict in FIRING)
    if not firing:
        return Figure(_("いま起きていること"), _("なし"), "", f"/?verdict={Verdict.DEVIATING}")
    first = firing[0]
    return Figure(
        _("いま起きていること"),
        f"{first.mark} {len(firing)}",
        short(by_id[first.id]),
        "/?verdict=firing",
        first.verdict,
    )


def _on_duty(edition: Edition, overrides: Sequence[Override], now: datetime) -> Figure:
    bindings, roles = edition.bindings, rosters(edition.design, edition.bindings.duty)
    watches = [
        (role, on_duty(role, overrides, now, bindings.system)) for role in roles if role.hours is not None
    ]
    present = [(role, watch) for role, watch in watches if watch.people]
    if not present:
        detail = _("この時間の当番が文書にありません") if roles else ""
        return Figure(_("当番"), _("なし"), detail, "/duty/")
    names = [_holders(role, watch, bindings.people) for role, watch in present]
    return Figure(_("当番"), present[0][0].role, "、".join(name for name in names if name), "/duty/")


def _holders(role: Roster, watch: Watch, people: Mapping[str, Person]) -> str:
    """Say who they are, with a number to call; a role that nobody's name is known of says nothing."""
    found = []
    for each in watch.people:
        name = name_of(each, role, people)
        phone = people[each].phone if each in people else ""
        found.append(f"{'' if name == role.role else name} {phone}".strip())
    return "、".join(each for each in found if each)


def _next(due: Mapping[str, datetime], by_id: Mapping[str, Clause], system: System, now: datetime) -> Figure:
    coming = [(at, clause_id) for clause_id, at in due.items() if at > now and clause_id in by_id]
    if not coming:
        return Figure(_("次の予定"), _("なし"), "", "/calendar/")
    moment, clause_id = min(coming)
    return Figure(
        _("次の予定"),
        words.clock(moment, now, system.zone),
        short(by_id[clause_id]),
        "/calendar/",
    )


def short(clause: Clause, longest: int = 24) -> str:
    """Return the first words of a row, enough to know it by; *longest* in characters."""
    text = " ".join(clause.text.replace(" | ", " ").split())
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
