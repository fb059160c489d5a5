"""The remaining error budget on the first screen."""

from datetime import datetime

import pytest
from tests.integration.chapters.objectives.test_service import (
    AVAILABILITY,
    BINDINGS,
    DAY,
    DESIGN,
    MINUTE,
    NOON,
    TOKYO,
    count,
    outage,
)

from toban.chapters.objectives.operation import OPERATION
from toban.design.reader import read_design
from toban.engine.editions.edition import Edition
from toban.engine.evidence.models import ClauseStatus
from toban.engine.evidence.verdict import Verdict
from toban.engine.overview import EditionStatus, OverviewFigure, RowStatus

pytestmark = pytest.mark.django_db


def figure(edition: Edition) -> OverviewFigure:
    rows = {
        each.clause_id: RowStatus(Verdict(each.verdict), each.value, each.since)
        for each in ClauseStatus.objects.all()
    }
    (found,) = OPERATION.figures(edition, EditionStatus(NOON, rows))
    return found


def test_the_remaining_budget_is_drawn_from_the_first_known_day() -> None:
    count(outage(datetime(2026, 4, 8, 9, tzinfo=TOKYO), 30 * MINUTE, since=NOON - 3 * DAY))

    found = figure(Edition(DESIGN, BINDINGS))

    assert str(found.value) == "13分12秒 (31%)"
    assert found.link.arguments == (AVAILABILITY,)
    assert found.trend is not None
    assert [(f"{at:%d %H}", round(left, 2)) for at, left in found.trend.points] == [
        ("07 00", 1.0),
        ("08 00", 1.0),
        ("09 00", 0.31),
        ("10 00", 0.31),
        ("10 12", 0.31),
    ]


def test_nothing_is_drawn_or_claimed_without_a_measurement() -> None:
    found = figure(Edition(DESIGN, BINDINGS))

    assert (str(found.value), found.verdict) == ("", Verdict.NOT_MEASURABLE)
    assert found.trend is not None
    assert found.trend.points == ()


def test_a_document_without_availability_says_so_in_the_same_place() -> None:
    design = read_design("# 運用設計書\n## 監視\n- **監視ツール**: Toban\n", "運用設計書.md")

    found = figure(Edition(design, BINDINGS))

    assert str(found.detail) == "文書に稼働率の目標がありません"
    assert found.trend is not None
