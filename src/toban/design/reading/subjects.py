"""What the same rows under neighbouring headings are of: RPO 1時間 / 重要データ, RPO 24時間 / その他.

A heading alone may say anything (方針, 概要). Where several neighbours each state the same objective or watch
the same item, those tell them apart that name something (重要データ, and not 運用目標 or RPO/RTO): without
them the document would contradict itself.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace

from toban.design.clauses.backup import RecoveryObjective
from toban.design.clauses.base import Clause
from toban.design.clauses.monitoring import Monitor
from toban.design.clauses.objectives import MaintenanceWindow, Objective, ServiceHours
from toban.design.reading.entries import split_key
from toban.design.reading.outcome import RowOutcome, unread
from toban.design.section import heading_text, heading_words
from toban.design.shapes.alerts import is_only_a_level, level_above
from toban.design.shapes.shape import identity, words
from toban.message import Message

_NAMES_NOTHING = words(
    "(?:運用|サービス|レベル|復旧|回復|時間|時点|性能|可用性|品質|非機能|目標|要件|指標|定義|一覧|値|方針|概要|計画|対策|災害|障害|事業継続|bcp|dr|sl[aoi]s?|kpis?|rpo|rto|mttr"
    "|バックアップ|リストア|監視|項目|閾値|しきい値|条件|設定|アラート|アラーム|通知|警告|注意|異常|重大|重要|緊急|情報|管理|日中|夜間|平日|休日"
    "|objectives?|targets?|services?|levels?|recovery|disaster|continuity|plans?|availability|performance"
    "|requirements?|overview|metrics|backups?|monitor(?:s|ing)?|thresholds?|conditions?|alerts?|alarms?|notifications?"
    r"|warnings?|critical|severe|high|medium|low|info|(?:p|sev-?)\d"
    r"|および|及び|and|[\s/・、と&の()（）:：,.-])+"
)
"""Headings that only say that such rows follow, or how grave they are."""

_WATCHED = re.compile(
    r"(?:の|\s)*(?:監視(?:項目)?|メトリクス|アラート|アラーム|閾値|しきい値"
    r"|\b(?:monitoring|metrics?|alerts?|alarms?|thresholds?))$",
    re.IGNORECASE,
)

_NAMELESS = ServiceHours | MaintenanceWindow
"""Kinds that are of the whole system: what holds for a part of it would hold for all."""

type _Heading = tuple[tuple[str, ...], str]
"""A heading, with all the others above the same rows: those of its neighbours are the same."""


def told_apart(outcomes: Sequence[RowOutcome]) -> list[RowOutcome]:
    """Return the outcomes, with the heading in the name of what several neighbours state.

    Where one row needs its heading, the others below it are of the same.
    """
    neighbours: defaultdict[tuple[str, tuple[str, ...]], set[str]] = defaultdict(set)
    for outcome in outcomes:
        for others, title in _headings(outcome):
            for clause in filter(_is_of_a_heading, outcome.clauses):
                neighbours[clause.id, others].add(title)
    telling = {
        (others, title)
        for (_, others), titles in neighbours.items()
        if len(titles) > 1
        for title in titles
        if not _NAMES_NOTHING.fullmatch(heading_words(title))
    }
    return [_under_its_heading(outcome, telling) for outcome in outcomes] if telling else list(outcomes)


def _headings(outcome: RowOutcome) -> Iterator[_Heading]:
    """Yield the nearest heading; below a caption also the one above it: **Advantages:** is in all of them."""
    if outcome.grounds is None:
        return
    section = outcome.grounds.section
    # Service: web shop, below the heading Frontend, is a fact about it.
    if _NAMES_NOTHING.fullmatch(heading_words(section.caption)) or split_key(section.caption)[0]:
        section = section.captioned("")
    titles = [each.text for each in section.headings] + ([section.caption] if section.caption else [])
    # A level is not what is watched: P1 alerts.
    if is_only_a_level(section):
        return
    # CPU使用率 (Critical), below ECS and below RDS: the heading above says of which.
    is_graded = bool(level_above(section))
    for index in range(
        max(0, len(titles) - (2 if section.caption or is_graded else 1)), len(titles) - is_graded
    ):
        yield (*section.words[:index], "", *section.words[index + 1 :]), heading_text(titles[index])


def _is_of_a_heading(clause: Clause) -> bool:
    if isinstance(clause, Monitor):
        return not clause.target
    return isinstance(clause, Objective | RecoveryObjective | _NAMELESS)


def _under_its_heading(outcome: RowOutcome, telling: set[_Heading]) -> RowOutcome:
    above = " ".join(heading[1] for heading in _headings(outcome) if heading in telling)
    if not above:
        return outcome
    if any(isinstance(clause, _NAMELESS) for clause in outcome.clauses):
        return unread(outcome.line, outcome.text, Message("design.no-place-for-heading", heading=above))
    return replace(outcome, clauses=tuple(_of(clause, above) for clause in outcome.clauses))


def _of(clause: Clause, heading: str) -> Clause:
    if isinstance(clause, RecoveryObjective):
        subject = f"{heading} {clause.subject}".strip()
        return replace(clause, subject=subject, id=identity(RecoveryObjective, clause.objective, subject))
    if isinstance(clause, Objective):
        name = f"{heading} {clause.name}"
        return replace(clause, name=name, id=identity(Objective, name))
    if isinstance(clause, Monitor) and not clause.target:
        target = _WATCHED.sub("", heading)
        kind = identity(Monitor)
        keys = clause.id.removeprefix(kind).split("/")
        return replace(clause, target=target, id=identity(Monitor, target, *keys))
    return clause
