"""Who holds a role at a moment, as accounts."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.registered import schema

from toban.design.reader import read_design
from toban.engine.approvals.holders import accounts_holding, holders_of, people_of
from toban.engine.bindings.load import read_bindings
from toban.engine.editions.edition import Edition
from toban.engine.notify.duty import overrides
from toban.engine.people.models import Operator

pytestmark = pytest.mark.django_db

MONDAY = datetime(2026, 4, 6, 3, tzinfo=UTC)
"""Noon in Tokyo."""
WEEK = timedelta(days=7)
DOCUMENT = """# 運用設計書
## 1. 運用方針
### 運用体制
| 役割 | 担当 | 対応時間 |
|---|---|---|
| 運用責任者 | 田中 | 平日9-18時 |
| 当番 | 上原、伊波 (週替わり) | 24時間365日 |
"""
BINDINGS = """
[people."運用責任者"]
account = "tanaka"
[people."上原"]
account = "uehara"
[people."伊波"]
[people."相談役"]
account = "gone"
"""


@pytest.fixture
def edition() -> Edition:
    for name in ("tanaka", "uehara"):
        Operator.objects.create_user(name)
    return Edition(
        read_design(DOCUMENT, "運用設計書.md"), read_bindings(BINDINGS, Path("toban.toml"), schema())
    )


def names(edition: Edition, role: str, at: datetime = MONDAY) -> list[str]:
    return [account.username for account in accounts_holding(edition, role, at)]


def test_a_role_without_turns_is_held_by_its_own_person_at_any_hour(edition: Edition) -> None:
    assert names(edition, "運用責任者") == ["tanaka"]
    assert names(edition, "運用 責任者", MONDAY + timedelta(hours=12)) == ["tanaka"]


def test_a_role_with_turns_is_held_by_the_person_whose_turn_it_is(edition: Edition) -> None:
    weeks = [holders_of(edition, "当番", MONDAY + number * WEEK)[0].person for number in range(4)]

    assert sorted(weeks[:2]) == ["上原", "伊波"]
    assert weeks[:2] == weeks[2:]


def test_a_person_without_an_account_holds_the_role_and_it_is_said_what_to_write(edition: Edition) -> None:
    at = next(
        MONDAY + n * WEEK
        for n in (0, 1)
        if holders_of(edition, "当番", MONDAY + n * WEEK)[0].person == "伊波"
    )

    (holder,) = holders_of(edition, "当番", at)

    assert holder.account is None
    assert 'toban.toml の [people."伊波"] に account = "…"' in str(holder.why_not)
    assert names(edition, "当番", at) == []


def test_a_deputy_holds_the_role_instead(edition: Edition) -> None:
    overrides.override(
        "運用責任者", "上原", "出張", starts_at=MONDAY, ends_at=MONDAY + timedelta(hours=3), by="tanaka",
        now=MONDAY, design=edition.design, bindings=edition.bindings,
    )  # fmt: skip

    assert names(edition, "運用責任者") == ["uehara"]
    assert holders_of(edition, "運用責任者", MONDAY)[0].override is not None
    assert names(edition, "運用責任者", MONDAY + timedelta(hours=3)) == ["tanaka"]


def test_a_renamed_or_deactivated_account_holds_nothing(edition: Edition) -> None:
    Operator.objects.filter(username="tanaka").update(is_active=False)
    assert names(edition, "運用責任者") == []

    Operator.objects.filter(username="tanaka").update(is_active=True, username="tanaka2")
    (holder,) = holders_of(edition, "運用責任者", MONDAY)

    assert "「tanaka」は、ないか、無効です" in str(holder.why_not)


def test_a_role_that_nothing_names_is_held_by_nobody(edition: Edition) -> None:
    (holder,) = holders_of(edition, "社長", MONDAY)

    assert holder.account is None
    assert str(holder.why_not) == '[people."社長"] が toban.toml にありません'


def test_the_names_joined_to_an_account_are_known(edition: Edition) -> None:
    tanaka = Operator.objects.get(username="tanaka")

    assert people_of(edition, tanaka) == ("運用責任者",)
    tanaka.is_active = False
    assert people_of(edition, tanaka) == ()
