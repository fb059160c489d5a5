"""At night and on holidays a group is at its least, unless something needs it, and it is back in time."""

import csv
import os
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.integration.chapters.cost.nights import DOCUMENT, EVENING, KEY, QUIET, ROW, TOKYO, WEB, Nights
from tests.integration.chapters.cost.place import COLUMNS, DAY, row
from tests.integration.engine.telemetry.conftest import StoreProcess
from tests.unit.engine.runs.commands.test_command import FakeTurn

from toban.chapters.capacity.scaling.offered import OfferedGroup
from toban.chapters.cost.models import QuietGroup, SavedTime
from toban.chapters.cost.off_hours.level import LevelOutcome
from toban.chapters.cost.operation import OPERATION
from toban.chapters.cost.taking import look
from toban.engine.evidence.models import LedgerEntry
from toban.engine.evidence.verdict import Verdict
from toban.engine.exceptions.models import RowException
from toban.engine.instances.offered import GroupLoad
from toban.engine.modes.rules import Mode
from toban.engine.people.models import Operator, OperatorRole
from toban.engine.runs import orders
from toban.engine.runs.models import Run
from toban.engine.telemetry import present

NIGHT, MORNING = "2026-11-24 22:00", "2026-11-25 06:30"


@pytest.fixture
def nights(store: StoreProcess, tmp_path: Path, settings: Any, db: None) -> Iterator[Nights]:
    settings.HOME = tmp_path
    settings.TELEMETRY_URL = store.telemetry_url
    present.telemetry.cache_clear()
    Operator.objects.create_user("nami", "nami@example.com", operator_role=OperatorRole.DEVELOPER)
    store.empty()
    yield Nights(store.telemetry, tmp_path)
    present.telemetry.cache_clear()


def acting(nights: Nights) -> Nights:
    nights.mode(Mode.ACT)
    return nights


def test_in_shadow_it_is_only_recorded_once_what_would_be_done(nights: Nights) -> None:
    nights.at(NIGHT, minutes=4)

    (run,) = nights.runs()
    assert run.state == Run.State.SHADOW
    assert nights.count == 3
    assert nights.found().judged.verdict is Verdict.NOT_MEASURABLE
    assert f"実行 {run.pk}" in str(nights.found().judged.reason)


def test_a_group_is_lowered_at_night_and_back_before_its_hours(nights: Nights) -> None:
    nights.take(QUIET + "needed_by = []\n")
    acting(nights).at("2026-11-24 21:57")
    assert nights.count == 3
    nights.at(NIGHT)
    assert nights.count == 1
    assert nights.found().judged.verdict is Verdict.CONFORMING
    (lowered,) = nights.runs(f"scale/{WEB}")
    assert lowered.ordered_by == "off-hours/Auto Scaling"
    (entry,) = LedgerEntry.objects.filter(content__event="off-hours-lowered")
    assert (entry.content["before"], entry.content["after"]) == (3, 1)

    nights.at("2026-11-25 06:27")
    assert nights.count == 1
    nights.at(MORNING)

    assert nights.count == 3
    nights.minute()
    assert nights.state().before is None
    assert nights.found().judged.verdict is Verdict.CONFORMING
    assert len(nights.runs()) == 1


def test_a_holiday_is_a_night(nights: Nights) -> None:
    nights.now = datetime(2026, 11, 23, 11, tzinfo=TOKYO)
    acting(nights).at("2026-11-23 12:00")

    assert nights.count == 1


def test_a_night_that_began_without_toban_is_caught_up_on(nights: Nights) -> None:
    acting(nights).at("2026-11-25 03:30")

    assert nights.count == 1


def test_what_people_had_smaller_is_not_started(nights: Nights) -> None:
    nights.has(1)
    acting(nights).at(NIGHT)
    nights.at("2026-11-25 07:10")

    assert nights.count == 1
    assert nights.runs(f"scale/{WEB}") == []


def test_what_people_made_larger_is_not_made_smaller_again(nights: Nights) -> None:
    acting(nights).at(NIGHT)
    orders.order(f"scale/{WEB}", {"to": "4"}, by="nami", now=nights.now)
    nights.work()
    assert nights.count == 4
    nights.at("2026-11-25 00:10")
    assert nights.count == 4

    nights.at("2026-11-25 07:10")

    assert nights.count == 4


@pytest.mark.parametrize("percent", [23.4, 60])
def test_a_load_that_the_least_could_not_bear_keeps_it(nights: Nights, percent: float) -> None:
    acting(nights).at(NIGHT, load=percent)

    assert nights.count == 3
    assert nights.found().judged.verdict is Verdict.NOT_DUE
    assert "70%" in str(nights.found().judged.reason)


def test_a_load_that_the_least_can_bear_lets_it_go(nights: Nights) -> None:
    acting(nights).at(NIGHT, load=23.2)

    assert nights.count == 1


def test_a_load_at_night_gives_back_what_was_taken(nights: Nights) -> None:
    acting(nights).at(NIGHT)
    nights.at("2026-11-25 00:30", load=80)

    assert nights.count == 3


def test_without_samples_nothing_is_taken(nights: Nights) -> None:
    acting(nights).at(NIGHT, load=None)

    assert nights.count == 3
    assert nights.runs() == []
    assert nights.found().judged.verdict is Verdict.NOT_MEASURABLE


def test_a_batch_has_the_whole_group_from_half_an_hour_before(nights: Nights) -> None:
    acting(nights).at(NIGHT)
    assert nights.count == 1
    nights.at("2026-11-25 01:27")
    assert nights.count == 1
    nights.at("2026-11-25 01:30")
    assert nights.count == 3
    assert "B001" in str(nights.found().judged.reason)

    nights.at("2026-11-25 02:05", minutes=4)

    assert nights.runs("B001")[0].state == Run.State.DONE
    assert nights.count == 1


def test_a_batch_that_needs_no_group_lets_it_be_lowered(nights: Nights) -> None:
    nights.take(QUIET + "needed_by = []\n")
    acting(nights).at("2026-11-25 01:45")

    assert nights.count == 1


@pytest.mark.parametrize(("subject", "count"), [("", 3), (WEB, 3), ("DB", 1)])
def test_an_exception_keeps_it_until_its_end(nights: Nights, subject: str, count: int) -> None:
    RowException.objects.create(
        clause_id=ROW,
        clause_text="x",
        citation="x",
        subject=subject,
        reason="キャンペーン",
        author_name="nami",
        asked_at=EVENING - DAY,
        granted_at=EVENING - DAY,
        ends_at=datetime(2026, 11, 25, 0, tzinfo=TOKYO),
    )
    acting(nights).at(NIGHT)
    assert nights.count == count
    nights.at("2026-11-25 00:10")

    assert nights.count == 1


def test_it_is_ordered_again_until_it_has_its_own_back(nights: Nights) -> None:
    acting(nights).at(NIGHT)
    nights.breaks()
    nights.at(MORNING, minutes=3)
    assert nights.found().judged.verdict is Verdict.CONFORMING
    nights.at("2026-11-25 07:00")
    assert nights.count == 1
    assert nights.found().judged.verdict is Verdict.DEVIATING

    nights.breaks(is_broken=False)
    nights.at("2026-11-25 07:06", minutes=7)

    assert nights.count == 3


def test_what_could_not_be_taken_is_tried_again_and_what_a_person_cancelled_is_not(nights: Nights) -> None:
    nights.breaks()
    acting(nights).at(NIGHT, minutes=3)
    assert nights.found().judged.verdict is Verdict.DEVIATING
    nights.breaks(is_broken=False)
    nights.at("2026-11-24 22:06", minutes=3)
    assert nights.count == 1

    nights.has(3)
    Run.objects.filter(work=f"scale/{WEB}").update(state=Run.State.FAILED)
    Run.objects.filter(work=KEY).update(state=Run.State.CANCELLED)
    nights.at("2026-11-24 23:00", minutes=3)

    assert nights.count == 3


def test_what_is_bound_no_more_gets_back_what_was_taken(nights: Nights) -> None:
    acting(nights).at(NIGHT)
    nights.take("")
    nights.minute()

    assert nights.count == 3
    nights.minute()
    assert not QuietGroup.objects.exists()


def test_a_group_that_is_gone_is_forgotten_if_nothing_was_taken_from_it(nights: Nights) -> None:
    nights.at("2026-11-25 12:00")
    assert QuietGroup.objects.exists()
    nights.take("", DOCUMENT.partition("## 9.")[0])

    nights.minute()

    assert not QuietGroup.objects.exists()


def test_a_step_that_is_repeated_orders_nothing_twice(nights: Nights) -> None:
    acting(nights).at("2026-11-24 21:57")
    nights.now = datetime(2026, 11, 24, 22, 5, tzinfo=TOKYO)
    nights.load(10)
    turn = FakeTurn(due_at=nights.now, parameters={"to": "1"})
    lower = next(step for step in nights.works[KEY].steps if step.name == "lower")

    first, second = lower.act(turn), lower.act(turn)

    assert first == second
    assert len(nights.runs(f"scale/{WEB}")) == 1
    assert nights.state().before == 3


def test_a_repeated_step_finds_its_order_if_the_bindings_spell_the_group_otherwise(nights: Nights) -> None:
    nights.take(QUIET.replace(WEB, WEB.upper()))
    nights.now = datetime(2026, 11, 24, 22, 5, tzinfo=TOKYO)
    nights.load(10)
    turn = FakeTurn(due_at=nights.now, parameters={"to": "1"})
    lower = next(step for step in nights.works[KEY.replace(WEB, WEB.upper())].steps if step.name == "lower")

    first, second = lower.act(turn), lower.act(turn)

    assert first == second
    assert len(nights.runs(f"scale/{WEB}")) == 1


def test_in_its_hours_nobody_asks_for_its_load(nights: Nights, monkeypatch: pytest.MonkeyPatch) -> None:
    def load(*_asked: object) -> GroupLoad:
        raise AssertionError

    monkeypatch.setattr(OfferedGroup, "load", load)

    nights.at("2026-11-25 12:00")

    assert nights.state().outcome == LevelOutcome.BUSY


def test_what_waits_for_approval_until_the_morning_is_not_done(nights: Nights) -> None:
    nights.mode(Mode.ASK)
    nights.at(NIGHT)
    assert nights.found().judged.verdict is Verdict.WARNING
    assert nights.count == 3
    nights.at("2026-11-25 07:10")

    assert nights.count == 3


def test_what_was_saved_is_credited_at_the_price_of_the_bill(nights: Nights) -> None:
    acting(nights).at(NIGHT, minutes=11)
    saved = sum(SavedTime.objects.values_list("seconds", flat=True))
    assert saved == 2 * 60 * 9
    rows = [
        row(
            date(2026, 11, 1) + n * DAY,
            "Amazon Elastic Compute Cloud",
            "900",
            ConsumedQuantity="72",
            ConsumedUnit="Hours",
        )
        for n in range(25)
    ]
    with (nights.folder / "focus.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    nights.now += timedelta(days=2)
    os.utime(nights.folder / "focus.csv", (nights.now.timestamp(), nights.now.timestamp()))

    look(nights.edition.plan(OPERATION), "digest", nights.now)

    # 18 minutes of instances at 12.5 yen an hour.
    assert nights.found().yen == Decimal("3.75")
    assert "¥4" in str(nights.found().judged.value)


def test_what_has_no_price_yet_is_told_in_hours(nights: Nights) -> None:
    acting(nights).at(NIGHT, minutes=11)

    found = nights.found()

    assert found.yen is None
    assert "0.3台時" in f"{found.judged.value} {found.judged.reason}"


def test_a_gap_between_looks_is_not_credited(nights: Nights) -> None:
    acting(nights).at(NIGHT)
    nights.at("2026-11-25 00:10", minutes=1)

    assert not SavedTime.objects.filter(seconds__gt=120).exists()


def test_the_row_names_what_is_to_be_written(nights: Nights) -> None:
    nights.take("", DOCUMENT)

    assert "[off_hours.名前]" in str(nights.plan.rows[ROW])


def test_a_group_that_is_none_is_doubtful(nights: Nights) -> None:
    nights.take(QUIET.replace(f'"{WEB}" = 1', '"Web" = 1'))
    trials = list(OPERATION.trials(nights.edition, nights.now))

    (doubt,) = trials[-1].doubts()

    assert "Web がありません" in str(trials[-1].finding(doubt).message)
