"""What the same objectives under neighbouring headings are of: RPO 1時間 / 重要データ, RPO 24時間 / その他.

A heading alone may say anything (方針, 概要). Where several neighbours each state the same objective, those
tell them apart that name something (重要データ, and not 運用目標 or RPO/RTO): without them the document would
contradict itself.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace

from toban.design.clauses.backup import RecoveryObjective
from toban.design.clauses.base import Clause
from toban.design.clauses.objectives import Objective
from toban.design.reading.entries import split_key
from toban.design.reading.outcome import RowOutcome
from toban.design.section import DocumentSection, heading_words
from toban.design.shapes.shape import identity, words

_NAMES_NOTHING = words(
    "(?:運用|サービス|レベル|復旧|回復|時間|時点|性能|可用性|品質|非機能|目標|要件|指標|定義|一覧|値|方針|概要|計画|対策|災害|障害|事業継続|bcp|dr|sl[aoi]s?|kpis?|rpo|rto|mttr"
    "|objectives?|targets?|services?|levels?|recovery|disaster|continuity|plans?|availability|performance"
    "|requirements?|overview|metrics"
    r"|および|及び|and|[\s/・、と&の()（）:：,.-])+"
)
"""Headings that only say that objectives follow."""

type _Stated = tuple[str, tuple[str, ...]]
"""An objective by its id, and the headings above the nearest."""


def told_apart(outcomes: Sequence[RowOutcome]) -> list[RowOutcome]:
    """Return the outcomes, with the nearest heading in the name of what several neighbours state."""
    neighbours: defaultdict[_Stated, set[str]] = defaultdict(set)
    for outcome in outcomes:
        for stated, section in _stated(outcome):
            neighbours[stated].add(section.title)
    several = {stated for stated, titles in neighbours.items() if len(titles) > 1}
    return [_under_its_heading(outcome, several) for outcome in outcomes] if several else list(outcomes)


def _stated(outcome: RowOutcome) -> Iterator[tuple[_Stated, DocumentSection]]:
    if outcome.grounds is None:
        return
    section = outcome.grounds.section
    # Service: web shop, below the heading Frontend, is a fact about it.
    if _NAMES_NOTHING.fullmatch(heading_words(section.caption)) or split_key(section.caption)[0]:
        section = section.captioned("")
    for clause in outcome.clauses:
        if isinstance(clause, Objective | RecoveryObjective):
            yield (clause.id, section.words[:-1]), section


def _under_its_heading(outcome: RowOutcome, several: set[_Stated]) -> RowOutcome:
    above = {
        stated[0]: section.title
        for stated, section in _stated(outcome)
        if stated in several and not _NAMES_NOTHING.fullmatch(heading_words(section.title))
    }
    return replace(
        outcome, clauses=tuple(_of(clause, above.get(clause.id, "")) for clause in outcome.clauses)
    )


def _of(clause: Clause, heading: str) -> Clause:
    if not heading:
        return clause
    if isinstance(clause, RecoveryObjective):
        subject = f"{heading} {clause.subject}".strip()
        return replace(clause, subject=subject, id=identity(RecoveryObjective, clause.objective, subject))
    if isinstance(clause, Objective):
        name = f"{heading} {clause.name}"
        return replace(clause, name=name, id=identity(Objective, name))
    return clause
