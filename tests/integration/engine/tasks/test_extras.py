"""Work that no row orders: ordered once, signed off like any other, and its run says so."""

from datetime import timedelta

import pytest
from tests.integration.engine.tasks.conftest import (
    BINDINGS,
    DAY,
    DOCUMENT,
    HOUR,
    MONDAY,
    edition_of,
    order,
    shown,
    tick,
)
from tests.registered import PARTS

from toban.engine.approvals.answers import Giver
from toban.engine.approvals.models import ApprovalAnswer
from toban.engine.editions.edition import Edition
from toban.engine.evidence.models import LedgerEntry
from toban.engine.notify.models import Alert
from toban.engine.orders import NotPossible
from toban.engine.people.models import Operator, OperatorRole
from toban.engine.runs.models import Run
from toban.engine.tasks.extras.orders import WantedWork, order_once
from toban.engine.tasks.extras.proposing import proposed_rows
from toban.engine.tasks.extras.telling import extras_to_do, tell_extras
from toban.engine.tasks.lists import listed
from toban.engine.tasks.orders import hand_on, sign_off

pytestmark = pytest.mark.django_db

UNTIL = MONDAY + 8 * HOUR
WANTED = WantedWork("UPS の点検", "運用責任者", UNTIL, content="ランプを見る", facts=("型番 A-1", " "))


def by(name: str) -> Giver:
    return Giver(Operator.objects.get(username=name), ApprovalAnswer.Via.PAGE)


def ordered(edition: Edition, wanted: WantedWork = WANTED, name: str = "tanaka") -> Run:
    return order_once(wanted, by(name), edition, MONDAY)


def test_it_is_the_owners_with_the_facts_that_it_was_ordered_with(edition: Edition) -> None:
    run = ordered(edition)

    (task,) = [each for each in listed(edition, PARTS, MONDAY) if each.run.pk == run.pk]

    assert (task.name, task.content, task.people.able) == ("UPS の点検", "ランプを見る", ("運用責任者",))
    assert [str(fact.value) for fact in task.facts] == ["型番 A-1"]
    assert task.clause is None
    with pytest.raises(NotPossible, match="あなたは今、その役割を担っていません"):
        sign_off(order(edition, "tanaka", run), "", shown=task.shown, now=MONDAY)
    assert sign_off(order(edition, "sato", run), "", shown=task.shown, now=MONDAY).person == "運用責任者"


def test_its_evidence_says_who_ordered_it_and_that_no_row_does(edition: Edition) -> None:
    run = ordered(edition)
    sign_off(order(edition, "sato", run), "", shown=shown(edition, run, MONDAY), now=MONDAY)

    entries = list(LedgerEntry.objects.filter(content__run=run.pk).order_by("pk"))

    assert {each.clause_id for each in entries} == {""}
    (audited,) = [each for each in entries if each.content.get("order") == "order-task"]
    assert (audited.actor, audited.content["owner"]) == ("tanaka", "運用責任者")
    assert audited.content["facts"] == ["型番 A-1"]
    (ended,) = [each for each in entries if "verdict" in each.content]
    assert ended.content["ordered_by"] == "tanaka"


def test_no_worker_and_no_new_document_takes_it_away(edition: Edition) -> None:
    run = ordered(edition)
    shorter = edition_of(DOCUMENT.partition("## 10.")[0])

    tick(edition, MONDAY + 2 * DAY)
    tick(shorter, MONDAY + 2 * DAY)

    run.refresh_from_db()
    assert run.state == Run.State.WAITING
    assert [each.run.pk for each in listed(shorter, PARTS, MONDAY + 2 * DAY)] == [run.pk]


def test_what_is_late_is_told_and_shows_late(edition: Edition) -> None:
    run = ordered(edition)
    tell_extras(edition, PARTS, UNTIL - timedelta(seconds=1))
    assert Alert.objects.filter(key=f"tasks/reminder/{run.pk}").exists()
    assert not Alert.objects.filter(key=f"tasks/extra/{run.pk}").exists()

    tell_extras(edition, PARTS, UNTIL)
    (alert,) = Alert.objects.filter(key=f"tasks/extra/{run.pk}")
    (todo,) = extras_to_do(edition, UNTIL)
    assert (alert.resolved_at, todo.verdict) == (None, "not-performed")

    sign_off(order(edition, "sato", run), "", shown=shown(edition, run, UNTIL), now=UNTIL)
    tell_extras(edition, PARTS, UNTIL)
    alert.refresh_from_db()
    run.refresh_from_db()
    assert alert.resolved_at is not None
    assert run.reason == "signed-off-late"


def test_an_owner_who_left_deviates(edition: Edition) -> None:
    ordered(edition)
    gone = edition_of(bindings=BINDINGS.replace('account = "sato"', ""))

    (todo,) = extras_to_do(gone, MONDAY)
    tell_extras(gone, PARTS, MONDAY)

    assert todo.verdict == "deviating"
    assert "署名できる人がいません" in Alert.objects.get(key__startswith="tasks/extra/").value.in_language(
        "ja"
    )


def test_what_begins_later_waits_and_nothing_is_back_dated(edition: Edition) -> None:
    tomorrow = WantedWork("点検", "田中", MONDAY + 2 * DAY, starts_at=MONDAY + DAY)
    run = ordered(edition, tomorrow)
    past = ordered(edition, WantedWork("昨日", "田中", UNTIL, starts_at=MONDAY - DAY))

    assert run.pk not in {each.run.pk for each in listed(edition, PARTS, MONDAY)}
    assert past.due_at == MONDAY
    with pytest.raises(NotPossible, match="時刻は、まだ来ていません"):
        sign_off(order(edition, "tanaka", run), "", shown="x", now=MONDAY)


@pytest.mark.parametrize(
    "wanted",
    [
        WantedWork(" ", "田中", UNTIL),
        WantedWork("x" * 201, "田中", UNTIL),
        WantedWork("点検", "だれか", UNTIL),
        WantedWork("点検", "", UNTIL),
        WantedWork("点検", "田中", MONDAY),
        WantedWork("点検", "田中", MONDAY - DAY),
        WantedWork("点検", "田中", MONDAY + 367 * DAY),
        WantedWork("点検", "田中", UNTIL, content="x" * 2001),
        WantedWork("点検", "田中", UNTIL, facts=("x",) * 11),
        WantedWork("点検", "田中", UNTIL, facts=("x" * 301,)),
    ],
)
def test_what_nobody_could_do_is_refused(edition: Edition, wanted: WantedWork) -> None:
    with pytest.raises(NotPossible):
        ordered(edition, wanted)

    assert not Run.objects.filter(clause_id="").exists()


def test_whoever_only_reads_orders_nothing(edition: Edition) -> None:
    Operator.objects.filter(username="tanaka").update(operator_role=OperatorRole.VIEWER)
    with pytest.raises(NotPossible, match="指示を出せるアカウントだけ"):
        ordered(edition)
    Operator.objects.filter(username="suzuki").update(is_active=False)
    with pytest.raises(NotPossible):
        ordered(edition, name="suzuki")
    with pytest.raises(NotPossible):
        order_once(WANTED, Giver(None), edition, MONDAY)


def test_it_is_handed_on_like_any_other(edition: Edition) -> None:
    run = ordered(edition)

    hand_on(order(edition, "sato", run), "田中", "外出", now=MONDAY)

    assert sign_off(
        order(edition, "tanaka", run), "", shown=shown(edition, run, MONDAY), now=MONDAY
    ).person == ("田中")


def test_a_name_does_not_pose_as_further_lines_of_a_notification(edition: Edition) -> None:
    run = ordered(edition, WantedWork("点検\n・アラート: 0 件", "田中", UNTIL, facts=("A\n▲ B",)))

    (task,) = [each for each in listed(edition, PARTS, MONDAY) if each.run.pk == run.pk]

    assert task.name == "点検 ・アラート: 0 件"
    assert [str(fact.value) for fact in task.facts] == ["A ▲ B"]


def test_what_is_done_regularly_is_proposed_until_a_row_orders_it(edition: Edition) -> None:
    for week in range(3):
        at = MONDAY - (3 - week) * 7 * DAY
        run = order_once(WantedWork("UPS の点検", "田中", at + HOUR), by("tanaka"), edition, at)
        number = shown(edition, run, at)
        sign_off(order(edition, "tanaka", run), "", shown=number, now=at)

    (row,) = proposed_rows(edition, MONDAY)
    text = row.markdown("ja")
    after = edition_of(DOCUMENT + f"### その他\n{text}\n")

    assert text.endswith("| UPS の点検 | 毎週月曜 | 田中 |  |")
    assert proposed_rows(after, MONDAY) == ()


def test_what_was_not_performed_is_no_habit(edition: Edition) -> None:
    for week in range(3):
        at = MONDAY - (3 - week) * 7 * DAY
        run = order_once(WantedWork("UPS の点検", "田中", at + HOUR), by("tanaka"), edition, at)
        sign_off(
            order(edition, "tanaka", run), "やめた", shown=shown(edition, run, at), now=at, is_performed=False
        )

    assert proposed_rows(edition, MONDAY) == ()
