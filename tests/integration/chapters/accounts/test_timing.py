"""Which list proves what: of when it is decides whether an account went in time; it is loaded once."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext
from tests.integration.chapters.accounts.place import DAY, MINUTE, TOKYO, Place

from toban.chapters.accounts import collecting, removing
from toban.chapters.accounts.account import AccountList
from toban.chapters.accounts.models import AccessRemoval, SystemReading
from toban.chapters.accounts.plan import AccountSystem
from toban.chapters.accounts.rows import report
from toban.chapters.accounts.suspicion import watching
from toban.chapters.accounts.suspicion.rules import WatchTerms
from toban.design.values.delivery import OFFICE_HOURS
from toban.engine.evidence.models import LedgerEntry
from toban.engine.evidence.verdict import Verdict
from toban.engine.orders import NotPossible
from toban.engine.people.models import Operator, OperatorRole

pytestmark = pytest.mark.django_db


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_what_is_still_there_after_midnight_in_tokyo_is_not_performed(place: Place) -> None:
    place.leave()
    place.look(timedelta(hours=14, minutes=59))
    assert place.verdict() is Verdict.NOT_DUE

    place.now += MINUTE
    place.write("vpn", "tanaka,,,,true,", "uehara,,yes,,true,")
    place.write("shop", "taro,,,,,")
    place.look()

    assert place.now.hour == 0
    assert place.verdict() is Verdict.NOT_PERFORMED
    assert place.said().startswith("期限を過ぎて 2 件が残っています。田中太郎 のアカウントは ")
    place.write("vpn", "uehara,,yes,,true,")
    place.write("shop", "suzuki,,,,,")
    place.look(10 * MINUTE)
    assert place.verdict() is Verdict.DEVIATING
    assert "期限の後になくなりました" in place.said()


def at(place: Place, clock: timedelta, *vpn: str) -> None:
    """Have the list of the system be of that time after midnight, and look at it then."""
    place.now = MIDNIGHT + clock
    place.write("vpn", *vpn, "uehara,,yes,,true,")
    place.write("shop", "x9,,,,,")
    place.look()


MIDNIGHT = datetime(2026, 12, 1, tzinfo=TOKYO)
THERE = "tanaka,,,,true,"


def test_what_went_unseen_around_midnight_is_neither_in_time_nor_late(place: Place) -> None:
    place.leave()
    at(place, -5 * MINUTE, THERE)

    at(place, 5 * MINUTE)

    assert place.verdict() is Verdict.NOT_MEASURABLE
    assert place.said() == (
        "田中太郎 のアカウントが期限 2026-12-01 00:00 までになくなったかは分かりません: "
        "vpn: tanaka は 2026-11-30 23:55 の一覧にはあり、2026-12-01 00:05 の一覧にはない"
    )
    ended = LedgerEntry.objects.get(content__event="access-ended", content__system="vpn").content
    assert (ended["is_late"], ended["is_in_time"]) == (False, False)


@pytest.mark.parametrize(
    ("gone", "verdict"), [(timedelta(), Verdict.CONFORMING), (MINUTE, Verdict.NOT_MEASURABLE)]
)
def test_what_a_list_of_midnight_shows_no_more_went_in_time(
    place: Place, gone: timedelta, verdict: Verdict
) -> None:
    place.leave()
    at(place, -MINUTE, THERE)

    at(place, gone)

    assert place.verdict() is verdict


def test_what_a_list_of_midnight_shows_is_late(place: Place) -> None:
    place.leave()
    at(place, timedelta(), THERE)
    assert place.verdict() is Verdict.NOT_PERFORMED

    at(place, 10 * MINUTE)

    assert place.verdict() is Verdict.DEVIATING


def test_a_list_of_before_midnight_proves_nobody_late(place: Place) -> None:
    place.leave()
    at(place, -timedelta(hours=6), THERE)

    place.look(timedelta(hours=7))

    assert place.verdict() is Verdict.NOT_MEASURABLE
    assert place.said().startswith(
        "田中太郎 のアカウントの期限 2026-12-01 00:00 より後の一覧がまだありません"
    )


def test_who_is_told_of_too_late_is_late_at_once(place: Place) -> None:
    place.leave(day=place.now.date() - DAY)

    place.look()

    assert place.verdict() is Verdict.NOT_PERFORMED


def test_it_is_looked_at_shortly_before_the_end_and_at_it(place: Place) -> None:
    place.leave()
    at(place, -5 * MINUTE, THERE)
    vpn = [each for each in place.plan.systems if each.name == "vpn"]
    dues = []
    for seconds in (-61, -60, -5, 0, 5):
        place.now = MIDNIGHT + timedelta(seconds=seconds)
        dues.append(vpn[0] in collecting.due(place.plan, place.now))
        place.collect()

    assert dues == [False, True, False, True, False]


def test_accounts_are_loaded_only_after_a_look(place: Place) -> None:
    place.leave()
    place.look()

    def loads() -> int:
        with CaptureQueriesContext(connection) as asked:
            removing.settle(place.plan, place.now)
            report.tell(place.plan, place.now, place.edition.design.digest)
            watching.look(
                place.plan, WatchTerms(OFFICE_HOURS, place.edition.bindings.system.business), place.now
            )
        whole = 'SELECT "accounts_collectedaccount"."id"'
        return sum(each["sql"].startswith(whole) for each in asked.captured_queries)

    assert loads() == 0
    place.now += 10 * MINUTE
    place.write("shop", "new,田中太郎,,,,")
    place.collect()
    assert loads() == 1
    assert loads() == 0
    assert AccessRemoval.objects.filter(account="new").exists()


def test_a_leaver_without_any_account_loads_accounts_only_after_a_look(place: Place) -> None:
    place.leave("佐々木", "sasaki@example.com")
    place.look()

    def loads() -> int:
        with CaptureQueriesContext(connection) as asked:
            report.tell(place.plan, place.now, place.edition.design.digest)
        whole = 'SELECT "accounts_collectedaccount"."id"'
        return sum(each["sql"].startswith(whole) for each in asked.captured_queries)

    assert loads() == 0
    place.now += 10 * MINUTE
    place.collect()
    assert loads() == 2
    assert loads() == 0
    place.leave("木村", "kimura@example.com")
    assert loads() == 1


def test_each_manager_of_toban_is_kept_or_revoked_by_another(place: Place) -> None:
    since = place.now
    place.look()
    [alone] = [fact for fact in place.facts(since) if str(fact.label) == "Toban: uehara"]
    assert not alone.is_undecided
    assert "最後の運用責任者" in str(alone.value)

    Operator.objects.create(username="kanri", operator_role=OperatorRole.MANAGER)
    Operator.objects.create(username="dev", operator_role=OperatorRole.DEVELOPER)
    place.look(10 * MINUTE)
    place.now += MINUTE
    found = {str(fact.label): fact for fact in place.facts(since) if str(fact.label).startswith("Toban: ")}
    assert {name: fact.is_undecided for name, fact in found.items()} == {
        "Toban: uehara": True,
        "Toban: kanri": True,
    }
    with pytest.raises(NotPossible, match="自分のアカウント"):
        place.decide("Toban", "uehara")
    place.decide("Toban", "kanri", "異動した", is_kept=False)

    decided = {str(fact.label): fact for fact in place.facts(since)}["Toban: kanri"]
    assert not decided.is_undecided
    assert "uehara が剥奪と判断" in str(decided.value)
    place.look(MINUTE)
    assert ("remove-account/Toban", "kanri") in place.tasks()


def test_while_the_state_is_away_nothing_is_said_of_tobans_own_accounts(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_system: AccountSystem, _now: datetime) -> AccountList:
        raise OperationalError("the connection is closed")

    monkeypatch.setattr(AccountSystem, "read", away)
    alone = replace(place.plan, systems=[each for each in place.plan.systems if each.is_own])

    with pytest.raises(OperationalError):
        collecting.collect(alone, place.now)

    assert len(alone.systems) == 1
    assert not SystemReading.objects.exists()
