"""The calendar of one's own tasks, read as a calendar program reads it."""

import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings
from django.test import Client
from icalendar import Calendar
from tests.integration.faces.web.conftest import PASSWORD, Fixed, Operators
from tests.integration.faces.web.tasks.test_tasks import BINDINGS, DOCUMENT
from tests.registered import schema

from toban.chapters.routine.operation import OPERATION
from toban.design.reader import read_design
from toban.engine.approvals.answers import Giver
from toban.engine.bindings.load import read_bindings
from toban.engine.clock import system_clock
from toban.engine.editions.edition import Edition
from toban.engine.people.models import Operator, OperatorRole
from toban.engine.runs import scheduler
from toban.engine.runs.models import Run
from toban.engine.tasks.lists import listed
from toban.engine.tasks.orders import TaskOrder, hand_on, sign_off
from toban.engine.tasks.swaps.occurrences import upcoming
from toban.engine.tasks.swaps.orders import SwapOrder, agree, ask

TOKYO = ZoneInfo("Asia/Tokyo")
ROWS = (
    DOCUMENT.replace("## 10.", "| 運用責任者 | 佐藤 | 平日9:00-18:00 |\n## 10.")
    + """| 朝の確認 | 9:00-10:00 | 運用責任者 | 成功 |
### 週次作業
| 作業項目 | 実施時間 | 担当者 | 内容 |
|---|---|---|---|
| 棚卸し | 週次 | 開発担当者 | 数える |
"""
)
PEOPLE = BINDINGS + '[people."運用責任者"]\naccount = "sato"\n'


@pytest.fixture(autouse=True)
def edition(in_force: Fixed, operator: Operators) -> Edition:
    """Today's tasks, open."""
    made = Edition(read_design(ROWS, "運用設計書.md"), read_bindings(PEOPLE, Path("toban.toml"), schema()))
    in_force.edition = made
    works, now = made.plan(OPERATION).works.values(), system_clock()
    scheduler.plan_due(works, now - timedelta(days=8))
    scheduler.plan_due(works, now)
    for name in ("kai", "hana", "sato"):
        operator(name, OperatorRole.DEVELOPER)
    return made


def address(name: str) -> str:
    client = Client()
    client.force_login(Operator.objects.get(username=name))
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    page = client.post("/calendar/feed", {"act": "open"}).content.decode()
    found = re.search(r'id="task-address">http://[^/]+(/tasks\.ics\?token=[\w-]+)<', page)
    assert found is not None
    return found[1]


def calendar(where: str) -> Any:
    answer = Client().get(where)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
    found = Calendar.from_ical(answer.content)
    assert isinstance(found, Calendar)
    return found


def events(where: str, wanted: str) -> list[Any]:
    return [each for each in calendar(where).walk("VEVENT") if wanted in str(each["summary"])]


def uids(where: str, wanted: str) -> set[str]:
    return {str(each["uid"]) for each in events(where, wanted)}


def open_run(work: str) -> Run:
    return Run.objects.filter(clause_id__endswith=work, state=Run.State.WAITING).latest("due_at")


def order(run: Run, name: str, edition: Edition) -> TaskOrder:
    giver = Giver(Operator.objects.get(username=name))
    return TaskOrder(run.pk, giver, edition, settings.PARTS)


def test_it_holds_ones_own_tasks_and_nobody_elses() -> None:
    kai, sato = address("kai"), address("sato")

    assert events(kai, "エラーログ分析")
    assert not events(kai, "朝の確認")
    assert events(sato, "朝の確認")
    assert not events(sato, "エラーログ分析")
    assert not calendar(address("hana")).walk("VEVENT")


def test_a_window_is_in_the_zone_of_the_service() -> None:
    found = events(address("sato"), "朝の確認")

    spans = {
        (each["dtstart"].dt.astimezone(TOKYO).time(), each["dtend"].dt - each["dtstart"].dt) for each in found
    }
    assert {(start.hour, length) for start, length in spans} == {(9, timedelta(hours=1))}
    # 平日 of the coming month, and what may wait from today.
    assert 15 <= len(found) <= 25
    assert all(each["dtstart"].dt.astimezone(TOKYO).weekday() < 5 for each in found)


def test_a_task_of_a_week_is_one_of_whole_days() -> None:
    found = events(address("kai"), "棚卸し")

    assert found
    for each in found:
        start, end = each["dtstart"].dt, each["dtend"].dt
        assert type(start) is date
        assert (start.weekday(), end - start) == (0, timedelta(days=7))


def test_it_is_as_the_standards_say() -> None:
    made = calendar(address("kai"))

    assert str(made["name"]) == str(made["x-wr-calname"]) == "運用設計書.md 自分の作業"
    assert made["refresh-interval"].dt == timedelta(hours=1)
    assert made["refresh-interval"].params["VALUE"] == "DURATION"
    found = made.walk("VEVENT")
    assert len({str(each["uid"]) for each in found}) == len(found)
    for each in found:
        assert {"UID", "DTSTAMP", "DTSTART", "SUMMARY", "URL"} <= set(each)
        assert (each["transp"], str(each["url"]).endswith("/tasks/")) == ("TRANSPARENT", True)
    assert not made.errors
    assert max(len(line) for line in made.to_ical().split(b"\r\n")) <= 75


def test_what_is_handed_on_moves_and_what_is_signed_stays_done(edition: Edition) -> None:
    kai, hana, now = address("kai"), address("hana"), system_clock()
    run = open_run("エラーログ分析")
    mine = uids(kai, "エラーログ分析")

    hand_on(order(run, "kai", edition), "鈴木", "休暇", now=now)
    (moved,) = events(hana, "エラーログ分析")
    assert uids(kai, "エラーログ分析") == mine - {str(moved["uid"])}

    (task,) = (each for each in listed(edition, settings.PARTS, now) if each.run.pk == run.pk)
    sign_off(order(run, "hana", edition), "問題なし", shown=task.shown, now=now)
    (done,) = events(hana, "エラーログ分析")
    assert (str(done["summary"]), done["uid"]) == ("✓ エラーログ分析", moved["uid"])


def test_what_is_swapped_is_the_others(edition: Edition) -> None:
    kai, sato, now = address("kai"), address("sato"), system_clock()
    accounts = {name: Operator.objects.get(username=name) for name in ("kai", "sato")}
    found = [each for each in upcoming(edition, settings.PARTS, now) if each.due_at > now]
    mine = next(each for each in found if each.account == accounts["kai"] and "エラー" in each.name)
    theirs = next(each for each in found if each.account == accounts["sato"])
    orders = {name: SwapOrder(Giver(each), edition, settings.PARTS) for name, each in accounts.items()}

    swap = ask(orders["kai"], mine.code, theirs.code, "休暇", now)
    assert not events(sato, "エラーログ分析")
    agree(orders["sato"], swap.pk, now)

    assert [each["dtstart"].dt for each in events(kai, "朝の確認")] == [theirs.due_at.astimezone(UTC)]
    assert len(events(sato, "エラーログ分析")) == 1


def test_a_late_one_goes_on_until_the_end_of_today() -> None:
    address_, run = address("kai"), open_run("棚卸し")
    began = datetime(2026, 1, 5, tzinfo=TOKYO)
    Run.objects.filter(pk=run.pk).update(due_at=began, due_until=began + timedelta(days=7))

    (late,) = events(address_, "期限超過: 棚卸し")
    assert late["dtstart"].dt == date(2026, 1, 5)
    assert late["dtend"].dt == system_clock().astimezone(TOKYO).date() + timedelta(days=1)


def test_an_unchanged_one_is_not_sent_again_and_a_changed_one_is(edition: Edition) -> None:
    where, now = address("kai"), system_clock()
    known = Client().get(where).headers["ETag"]
    assert Client().get(where, headers={"If-None-Match": known}).status_code == 304

    hand_on(order(open_run("エラーログ分析"), "kai", edition), "鈴木", "休暇", now=now)
    assert Client().get(where, headers={"If-None-Match": known}).status_code == 200


@pytest.mark.parametrize("change", [{"is_active": False}, {"must_change_password": True}])
def test_it_ends_with_what_ends_the_sign_in(change: dict[str, object]) -> None:
    where = address("kai")
    Operator.objects.filter(username="kai").update(**change)

    answer = Client().get(where)
    assert answer.status_code == 403
    assert "エラーログ" not in answer.content.decode()


@pytest.mark.parametrize("token", ["", "x", "x" * 200])
def test_without_a_valid_token_it_reveals_nothing(token: str) -> None:
    assert Client().get("/tasks.ics", {"token": token}).status_code == 403
