"""Nobody decides about themselves: who tells, whose account it is, and who is behind either."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from tests.integration.chapters.accounts.place import BINDINGS, DAY, MONDAY, Place

from toban.chapters.accounts import leaving
from toban.chapters.accounts.leaving import Teller, ToldLeaver
from toban.chapters.accounts.models import AccessRemoval, Leaver, Suspicion
from toban.chapters.accounts.rows.shown import shown_now
from toban.engine.approvals import answering
from toban.engine.approvals.answering import AnswerOrder
from toban.engine.approvals.answers import Giver
from toban.engine.approvals.models import ApprovalRequest
from toban.engine.orders import NotPossible
from toban.engine.people.models import Operator, OperatorRole
from toban.engine.runs.models import Run
from toban.engine.runs.orders import EFFECT, order
from toban.message import plain

pytestmark = pytest.mark.django_db
LOCKING = """
[accounts.db]
kind = "postgresql"
dsn = "file:dsn"
lock_dsn = "file:dsn"
mode = "ask"
"""
ME = '[people.kanri]\nname = "管理 花子"\naccount = "kanri"\nemail = "kanri@example.com"\n'


@pytest.fixture
def place(tmp_path: Path) -> Place:
    found = Place(tmp_path, bindings=BINDINGS + ME)
    Operator.objects.create(username="kanri", email="kanri@example.com", operator_role=OperatorRole.MANAGER)
    found.write("vpn", "kanri,,yes,,true,", "hanako,Kanri+vpn@example.com,yes,,true,", "other,,yes,,true,")
    found.look()
    return found


@pytest.fixture
def database(place: Place, postgres_dsn: str) -> Iterator[str]:
    with psycopg.connect(postgres_dsn, autocommit=True) as connection:
        connection.execute("CREATE ROLE tanaka LOGIN")
    (place.folder / "dsn").write_text(postgres_dsn)
    place.take(BINDINGS + ME + LOCKING)
    yield postgres_dsn
    with psycopg.connect(postgres_dsn, autocommit=True) as connection:
        connection.execute("DROP ROLE tanaka")


def told_of_tanaka(place: Place) -> None:
    said = ToldLeaver("田中太郎", place.now.date(), ("tanaka@example.com",))
    leaving.tell(said, teller("kanri"), place.edition, place.plan, place.now)


def decide(place: Place, by: Teller, name: str) -> None:
    plan, now, shown = place.plan, place.now, shown_now("vpn", name, place.plan)
    leaving.decide(
        "vpn", name, "", shown=shown, is_kept=True, by=by, edition=place.edition, plan=plan, now=now
    )


def account(name: str) -> Operator:
    return Operator.objects.get(username=name)


def teller(name: str, shell_user: str = "") -> Teller:
    return Teller(name, Leaver.ToldBy.API if shell_user else Leaver.ToldBy.PAGE, account(name), shell_user)


def second(**more: object) -> Operator:
    return Operator.objects.create(username="hanako2", operator_role=OperatorRole.MANAGER, **more)


def by_second_account(place: Place) -> Teller:
    del place
    second(email="kanri@example.com")
    return teller("hanako2")


def by_token_made_in_own_shell(place: Place) -> Teller:
    del place
    second()
    return teller("hanako2", "kanri")


def by_password_they_gave(place: Place) -> Teller:
    second(password_set_at=place.now, password_setters=[account("kanri").pk])
    return teller("hanako2")


def by_themselves(place: Place) -> Teller:
    del place
    return teller("kanri")


type Way = Callable[[Place], Teller]
WAYS: list[Way] = [by_themselves, by_second_account, by_token_made_in_own_shell, by_password_they_gave]


def suspicion(system: str, name: str) -> int:
    return Suspicion.objects.create(
        system=system, account=name, rule="waking", at=MONDAY, found_at=MONDAY, said=plain("?")
    ).pk


@pytest.mark.parametrize("name", ["kanri", "hanako"])
@pytest.mark.parametrize("way", WAYS)
def test_nobody_decides_about_an_account_of_their_own(place: Place, way: Way, name: str) -> None:
    by = way(place)

    with pytest.raises(NotPossible) as refused:
        decide(place, by, name)

    assert refused.value.said.code == "accounts.own-account"
    decide(place, by, "other")


@pytest.mark.parametrize(("system", "name"), [("Toban", "kanri"), ("vpn", "kanri"), ("vpn", "hanako")])
@pytest.mark.parametrize("way", WAYS)
def test_nobody_answers_about_a_sign_in_of_their_own(place: Place, way: Way, system: str, name: str) -> None:
    by = way(place)

    with pytest.raises(NotPossible) as refused:
        leaving.answer(
            suspicion(system, name), "私です", by=by, edition=place.edition, plan=place.plan, now=place.now
        )

    assert refused.value.said.code == "accounts.own-account"
    other = suspicion("vpn", "other")
    leaving.answer(other, "確認した", by=by, edition=place.edition, plan=place.plan, now=place.now)


def tell(place: Place, by: Teller, days: int) -> Leaver:
    said = ToldLeaver("管理 花子", place.now.date() + days * DAY)
    return leaving.tell(said, by, place.edition, place.plan, place.now)


@pytest.mark.parametrize("way", WAYS)
def test_nobody_puts_off_or_takes_back_that_they_leave(place: Place, way: Way) -> None:
    tell(place, teller("uehara"), 3)
    by = way(place)

    with pytest.raises(NotPossible) as put_off:
        tell(place, by, 30)
    with pytest.raises(NotPossible) as taken_back:
        leaving.withdraw("管理 花子", by, place.edition, place.plan, place.now)

    assert {each.value.said.code for each in (put_off, taken_back)} == {"accounts.own-leaving"}
    tell(place, by, 2)
    leaving.withdraw("管理 花子", teller("uehara"), place.edition, place.plan, place.now)


def asked_to_lock(place: Place) -> ApprovalRequest:
    place.look(timedelta(hours=10))
    return ApprovalRequest.objects.get(state="open")


def approve(place: Place, request: ApprovalRequest, name: str) -> None:
    order = AnswerOrder(request.pk, request.digest, Giver(account(name)), place.edition)
    answering.approve(order, [EFFECT], place.now)


def may_log_in(dsn: str) -> bool:
    with psycopg.connect(dsn) as connection:
        row = connection.execute("SELECT rolcanlogin FROM pg_roles WHERE rolname = 'tanaka'").fetchone()
    return bool(row and row[0])


@pytest.mark.parametrize("ground", ["leaver", "review"])
def test_whoever_ordered_that_an_account_goes_does_not_approve_its_lock(
    place: Place, database: str, ground: str
) -> None:
    if ground == "leaver":
        place.leave()
    else:
        place.look()
        place.decide("db", "tanaka", "案件が終わった", is_kept=False)
    request = asked_to_lock(place)

    with pytest.raises(NotPossible) as refused:
        approve(place, request, "uehara")

    assert refused.value.said.code == "approvals.own-order"
    place.look()
    assert may_log_in(database)


def test_whose_account_it_is_does_not_answer_about_its_lock(place: Place, database: str) -> None:
    Operator.objects.filter(username="kanri").update(username="tanaka")
    place.take(
        (BINDINGS + LOCKING).replace('account = "uehara"', 'account = "tanaka"')
        + 'people = { tanaka = "運用責任者" }\n'
    )
    place.leave("運用責任者")
    request = asked_to_lock(place)
    order = AnswerOrder(request.pk, request.digest, Giver(account("tanaka")), place.edition, "残る")

    with pytest.raises(NotPossible) as refused:
        answering.refuse(order, [EFFECT], place.now)

    assert refused.value.said.code == "approvals.own-order"
    assert may_log_in(database)


def test_an_approval_locks_nobody_who_does_not_leave_after_all(place: Place, database: str) -> None:
    told_of_tanaka(place)
    request = asked_to_lock(place)
    leaving.withdraw("田中太郎", teller("kanri"), place.edition, place.plan, place.now)

    approve(place, request, "uehara")
    place.look()

    assert may_log_in(database)
    assert Run.objects.get(work="lock-account/db").state == Run.State.FAILED


def test_nobody_orders_the_lock_of_an_account_that_is_not_to_go(place: Place, database: str) -> None:
    place.look()
    work = place.works["lock-account/db"]
    order(work.key, {"account": "tanaka"}, by="kanri", now=place.now, account=account("kanri"))

    place.look()

    assert may_log_in(database)


def test_an_approved_lock_is_done(place: Place, database: str) -> None:
    told_of_tanaka(place)

    approve(place, asked_to_lock(place), "uehara")
    place.look()

    assert not may_log_in(database)
    assert AccessRemoval.objects.filter(system="db", ended_at__isnull=False).exists()


def test_a_decision_from_before_an_account_changed_is_none_about_it(place: Place) -> None:
    since = place.now - DAY
    by = teller("uehara")
    decide(place, by, "other")
    place.write("vpn", "other,,,,true,")
    place.look(timedelta(minutes=10))
    place.write("vpn", "other,,yes,,true,")
    place.look(timedelta(minutes=10))

    [fact] = [each for each in place.facts(since) if str(each.label) == "vpn: other"]

    assert fact.is_undecided
