"""The rows about accounts, as they should be and as they should not, on the real ledger."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import psycopg
import pytest
from tests.integration.chapters.accounts.place import (
    BINDINGS,
    DAY,
    MINUTE,
    Place,
)
from tests.registered import PARTS

from toban.chapters.accounts import collecting
from toban.chapters.accounts.account import AccountList, FoundAccount
from toban.chapters.accounts.leaving import Teller, read_leavers, withdraw
from toban.chapters.accounts.models import AccessRemoval, CollectedAccount, Leaver, SystemReading
from toban.chapters.accounts.rows import elsewhere
from toban.design.clauses.security import MfaRule, PasswordPolicy
from toban.engine.approvals.answers import Giver
from toban.engine.changes.index import facts
from toban.engine.evidence.models import LedgerEntry
from toban.engine.evidence.verdict import Verdict
from toban.engine.modes.rules import Mode
from toban.engine.orders import NotPossible
from toban.engine.people.models import Operator, OperatorRole
from toban.engine.rows.judgement import Judgement
from toban.engine.runs.models import Run
from toban.engine.tasks.lists import facts_of
from toban.engine.tasks.orders import TaskOrder, sign_off

pytestmark = pytest.mark.django_db


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_without_leavers_there_is_no_occasion(place: Place) -> None:
    place.look()

    assert place.verdict() is Verdict.NOT_DUE
    assert place.said() == "退職者は登録されていません"


def test_every_account_of_a_leaver_is_found_within_a_quarter_of_an_hour(place: Place) -> None:
    place.look()
    told = place.leave("田中太郎", "t.tanaka@example.com")

    place.look(MINUTE)

    removals = AccessRemoval.objects.order_by("system", "account")
    assert [(each.system, each.account) for each in removals] == [
        ("shop", "taro"),
        ("shop", "x9"),
        ("vpn", "tanaka"),
    ]
    assert all(each.found_at - told.told_at <= 15 * MINUTE for each in removals)
    assert place.verdict() is Verdict.NOT_DUE
    assert place.tasks() == [], "not before they leave"


def test_an_account_that_is_told_of_is_found_whoever_it_is_bound_to(place: Place) -> None:
    place.take(BINDINGS.replace('taro = "tanaka"', 'taro = "運用責任者"'))
    place.look()
    place.leave("佐藤", "taro")

    place.look(MINUTE)

    assert list(AccessRemoval.objects.values_list("account", flat=True)) == ["taro"]


def test_an_account_that_appears_later_is_found_at_the_next_look(place: Place) -> None:
    place.leave()
    place.look()
    place.write("shop", "taro,,,,,", "new,田中太郎,,,,")

    place.look(10 * MINUTE)

    assert AccessRemoval.objects.filter(account="new").exists()


def test_a_removal_is_owed_and_ends_by_evidence_alone(place: Place) -> None:
    place.leave()
    place.look()
    place.look(timedelta(hours=10))
    assert place.tasks() == [("remove-account/vpn", "tanaka"), ("remove-account/shop", "taro")]
    run = Run.objects.filter(work="remove-account/vpn").get()
    [fact] = facts_of(run, place.edition, PARTS, place.now)
    assert (str(fact.label), "田中太郎 の退職" in str(fact.value)) == ("vpn: tanaka", True)
    order = TaskOrder(run.pk, Giver(place.manager), place.edition, PARTS)

    with pytest.raises(NotPossible, match="証跡が示したときに終わる"):
        sign_off(order, "done", shown="", now=place.now)

    place.write("vpn", "uehara,,yes,,true,")
    place.write("shop", "taro,,,yes,,")
    place.look(10 * MINUTE)

    assert place.tasks() == []
    run.refresh_from_db()
    assert run.state == Run.State.DONE
    assert place.verdict() is Verdict.NOT_DUE, "the day is not over"
    place.look(DAY)
    place.write("vpn", "uehara,,yes,,true,")
    place.write("shop", "suzuki,,,,,")
    place.look(10 * MINUTE)
    assert place.verdict() is Verdict.CONFORMING
    assert "2 件は、期限" in place.said()
    assert LedgerEntry.objects.filter(content__event="access-ended").count() == 2


def test_two_accounts_of_one_system_are_two_tasks(place: Place) -> None:
    place.leave("田中太郎", "t.tanaka@example.com")
    place.look()

    place.look(timedelta(hours=10))

    assert [account for work, account in place.tasks() if work == "remove-account/shop"] == ["taro", "x9"]


def test_a_system_that_can_not_be_read_is_named_and_ends_nothing(place: Place) -> None:
    place.leave()
    place.look()
    (place.folder / "vpn.csv").unlink()

    place.look(10 * MINUTE)

    assert place.verdict() is Verdict.NOT_MEASURABLE
    assert place.said().startswith("vpn を読めません")
    assert CollectedAccount.objects.there().filter(system="vpn").count() == 3
    assert AccessRemoval.objects.filter(system="vpn", ended_at=None).count() == 1


def test_a_list_of_nobody_is_no_list_and_ends_nothing(place: Place) -> None:
    place.leave()
    place.look(timedelta(hours=10))
    place.write("vpn")

    place.look(10 * MINUTE)

    assert ("remove-account/vpn", "tanaka") in place.tasks()
    assert place.verdict() is Verdict.NOT_MEASURABLE
    assert place.said().startswith("vpn を読めません: アカウントが一つもない一覧です")


def test_of_two_with_one_name_the_one_that_is_open_counts(place: Place) -> None:
    place.leave()
    place.look(timedelta(hours=10))
    place.write("vpn", "tanaka,,,,true,", "tanaka,,,yes,true,")

    place.look(10 * MINUTE)

    assert ("remove-account/vpn", "tanaka") in place.tasks()


def test_what_a_system_tells_fits_whatever_it_is(place: Place) -> None:
    found = FoundAccount(name="a\0", label="b\0" * 200, grants=("c\0" * 200,), last_used_from="d\0" * 200)

    collecting.keep("vpn", AccountList([found], place.now), place.now)

    kept = CollectedAccount.objects.get()
    assert (len(kept.label), len(kept.grants[0]), len(kept.last_used_from)) == (200, 200, 100)
    assert "\0" not in kept.name + kept.label + kept.grants[0] + kept.last_used_from


def test_an_old_list_says_nothing_and_ends_nothing(place: Place) -> None:
    place.leave()
    place.look(2 * DAY)

    assert "一覧は" in place.said()
    assert "古すぎます" in place.said()


def test_a_day_that_can_not_be_is_refused(place: Place) -> None:
    with pytest.raises(NotPossible, match="離れすぎています"):
        place.leave(day=date(2099, 1, 1))


def test_who_does_not_leave_after_all_keeps_what_is_left(place: Place) -> None:
    place.leave()
    place.look(timedelta(hours=10))
    assert place.tasks()

    by = Teller("uehara", Leaver.ToldBy.PAGE, place.manager)
    withdraw("田中太郎", by, place.edition, place.plan, place.now)
    place.look(MINUTE)

    assert place.tasks() == []
    assert place.verdict() is Verdict.NOT_DUE


def test_leavers_of_a_csv_are_all_told_or_none() -> None:
    found = read_leavers("name,accounts,leaves_on\n田中太郎,tanaka t@example.com,2026-12-28\n")

    assert [(each.name, each.accounts, each.leaves_on) for each in found] == [
        ("田中太郎", ("tanaka", "t@example.com"), date(2026, 12, 28))
    ]
    with pytest.raises(NotPossible, match="3 行目"):
        read_leavers("name,leaves_on\na,2026-12-28\nb,28.12.\n")
    with pytest.raises(NotPossible, match="見出し"):
        read_leavers("who,when\n")


DATABASE = """
[accounts.db]
kind = "postgresql"
dsn = "file:dsn"
lock_dsn = "file:dsn"
mode = "{mode}"
"""


@pytest.fixture
def database(place: Place, postgres_dsn: str) -> Iterator[str]:
    with psycopg.connect(postgres_dsn, autocommit=True) as connection:
        connection.execute("CREATE ROLE tanaka LOGIN")
    (place.folder / "dsn").write_text(postgres_dsn)
    yield DATABASE
    with psycopg.connect(postgres_dsn, autocommit=True) as connection:
        connection.execute("DROP ROLE tanaka")


def may_log_in(dsn: str) -> bool:
    with psycopg.connect(dsn) as connection:
        row = connection.execute("SELECT rolcanlogin FROM pg_roles WHERE rolname = 'tanaka'").fetchone()
    return bool(row and row[0])


def test_where_toban_may_it_locks_and_the_system_shows_it(
    place: Place, database: str, postgres_dsn: str
) -> None:
    place.take(BINDINGS + database.format(mode=Mode.ACT))
    place.leave()
    place.look()
    assert may_log_in(postgres_dsn), "they have not left yet"

    place.look(timedelta(hours=10))

    assert not may_log_in(postgres_dsn)
    assert AccessRemoval.objects.get(system="db").ended_at == place.now
    assert LedgerEntry.objects.get(content__event="account-locked").content["account"] == "tanaka"
    assert ("remove-account/db", "tanaka") not in place.tasks()


def test_the_last_superuser_of_a_database_keeps_it_open(
    place: Place, database: str, postgres_dsn: str
) -> None:
    with psycopg.connect(postgres_dsn, autocommit=True) as connection:
        connection.execute("ALTER ROLE tanaka SUPERUSER")
        rows = connection.execute("SELECT rolname FROM pg_roles WHERE rolname <> 'tanaka'").fetchall()
        machines = f"machines = {[name for (name,) in rows]}\n"
        place.take(BINDINGS + database.format(mode=Mode.ACT) + machines)
        place.leave()
        place.look()
        place.look(timedelta(hours=10))
        assert may_log_in(postgres_dsn)
        assert ("remove-account/db", "tanaka") in place.tasks()

        connection.execute("CREATE ROLE suzuki LOGIN SUPERUSER")
        try:
            place.look(10 * MINUTE)
        finally:
            connection.execute("DROP ROLE suzuki")

    assert not may_log_in(postgres_dsn)


@pytest.mark.parametrize(("mode", "state"), [(Mode.SHADOW, Run.State.SHADOW), (Mode.ASK, Run.State.WAITING)])
def test_in_shadow_nothing_is_locked_and_nothing_unasked(
    place: Place, database: str, postgres_dsn: str, mode: Mode, state: str
) -> None:
    place.take(BINDINGS + database.format(mode=mode))
    place.leave()
    place.look(timedelta(hours=10))

    assert may_log_in(postgres_dsn)
    assert Run.objects.get(work="lock-account/db").state == state
    assert ("remove-account/db", "tanaka") in place.tasks()


def test_a_reviewer_sees_what_changed_and_decides_on_each_privilege(place: Place) -> None:
    place.look()
    since = place.now + MINUTE
    place.write("vpn", "uehara,,yes,,true,", "root2,,yes,,false,2026-01-01T00:00:00Z", "monitor-1,,,,,")
    place.look(10 * MINUTE)
    place.now += MINUTE

    of_system = [str(fact.value) for fact in place.facts(since) if str(fact.label) == "vpn"]
    shown = {str(fact.label): fact for fact in place.facts(since)}

    assert of_system == [
        "アカウント 3 件、前回から増えた 1、なくなった 1",
        "前回のレビューの後になくなった: tanaka",
    ]
    found = shown["vpn: root2"]
    for word in ("前回のレビューの後にできた", "特権", "二要素なし", "だれのものでもない", "利用なし"):
        assert word in str(found.value)
    assert (found.is_exception, found.is_undecided) == (True, True)
    assert "vpn: monitor-1" not in shown
    assert "shop: x9" in shown, "nobody's"
    place.decide("vpn", "root2", "案件が終わった", is_kept=False)
    decided = {str(fact.label): fact for fact in place.facts(since)}["vpn: root2"]
    assert not decided.is_undecided
    assert "uehara が剥奪と判断" in str(decided.value)
    place.look()
    assert ("remove-account/vpn", "root2") in place.tasks()
    place.write("vpn", "uehara,,yes,,true,")
    place.look(10 * MINUTE)
    assert ("remove-account/vpn", "root2") not in place.tasks()


def test_who_decides_anew_takes_back_what_was_revoked(place: Place) -> None:
    place.look()
    place.decide("vpn", "tanaka", "間違えた", is_kept=False)
    place.look()
    assert ("remove-account/vpn", "tanaka") in place.tasks()

    place.decide("vpn", "tanaka")
    place.look(MINUTE)

    assert place.tasks() == []
    assert AccessRemoval.objects.get().withdrawn_at is not None


def test_to_keep_an_account_does_not_keep_its_owner(place: Place) -> None:
    place.leave()
    place.look()

    place.decide("vpn", "tanaka")
    place.look(timedelta(hours=10))

    assert ("remove-account/vpn", "tanaka") in place.tasks()


def test_nobody_decides_about_an_account_of_their_own(place: Place) -> None:
    place.look()

    with pytest.raises(NotPossible, match="自分のアカウント"):
        place.decide("vpn", "uehara")


def test_developers_do_not_decide(place: Place) -> None:
    place.look()
    place.manager = Operator.objects.create(username="kanri", operator_role=OperatorRole.DEVELOPER)

    with pytest.raises(NotPossible, match="運用責任者"):
        place.decide("vpn", "uehara")


def test_a_revocation_takes_a_reason(place: Place) -> None:
    place.look()

    with pytest.raises(NotPossible, match="理由"):
        place.decide("vpn", "tanaka", is_kept=False)


def judged(place: Place, kind: type[MfaRule | PasswordPolicy]) -> Judgement:
    row = next(each for each in place.edition.design.clauses if isinstance(each, kind))
    found = elsewhere.judge(place.edition, row, place.now)
    assert found is not None
    return found


def test_a_second_factor_is_measured_over_production(place: Place) -> None:
    place.look()
    assert judged(place, MfaRule).verdict is Verdict.CONFORMING

    place.write("vpn", "tanaka,,,,false,", "uehara,,,,true,")
    place.look(10 * MINUTE)

    found = judged(place, MfaRule)
    assert found.verdict is Verdict.DEVIATING
    assert "vpn: tanaka: 二要素認証なしで" in str(found.reason)
    place.write("vpn", "tanaka,,,,,", "uehara,,,,true,")
    place.look(10 * MINUTE)
    found = judged(place, MfaRule)
    assert found.verdict is Verdict.NOT_MEASURABLE
    assert "vpn は二要素認証の有無を示しません（tanaka など 1 件）" in str(found.reason)


BEHIND = '\n[accounts.web]\nkind = "csv"\npath = "web.csv"\nbehind = "vpn"\n'


def test_the_factor_of_the_system_before_counts(place: Place) -> None:
    place.write("web", "tanaka,,,,,2026-11-01,2026-11-01")
    place.take(BINDINGS + BEHIND)
    place.look()
    assert judged(place, MfaRule).verdict is Verdict.CONFORMING

    place.write("vpn", "tanaka,,,,false,")
    place.look(10 * MINUTE)

    assert "web: tanaka" in str(judged(place, MfaRule).reason)


def test_who_has_no_known_account_in_the_system_before_may_have_an_unknown_one(place: Place) -> None:
    place.write("web", "tanaka,,,,,2026-11-01,2026-11-01")
    place.write("vpn", "t-1,,,,false,", "uehara,,yes,,true,")
    place.take((BINDINGS + BEHIND).replace("has_passwords = false", "is_production = false"))
    place.look()
    assert judged(place, MfaRule).verdict is Verdict.NOT_MEASURABLE

    place.write("vpn", "uehara,,yes,,true,")
    place.look(10 * MINUTE)

    assert judged(place, MfaRule).verdict is Verdict.CONFORMING


def test_passwords_are_as_old_as_the_systems_say(place: Place) -> None:
    place.write("web", "tanaka,,,,,2026-11-01,2026-09-02T00:00:00+09:00")
    place.take(BINDINGS + BEHIND)
    place.look()
    found = judged(place, PasswordPolicy)
    assert found.verdict is Verdict.NOT_MEASURABLE, "89 days, but a CSV tells no terms"
    assert "web はパスワードに何を求めるかを示しません" in str(found.reason)
    SystemReading.objects.filter(name="web").update(
        terms={"min_length": 12, "classes": ["letters", "digits", "symbols"], "days": 90}
    )
    assert judged(place, PasswordPolicy).verdict is Verdict.CONFORMING

    place.now += DAY

    assert "変更から 90 日" in str(judged(place, PasswordPolicy).reason)
    SystemReading.objects.filter(name="web").update(
        terms={"min_length": 8, "classes": ["letters"], "days": None}
    )
    said = str(judged(place, PasswordPolicy).reason)
    assert "最小 8 文字しか" in said
    assert "web: パスワードに求めていない条件: " in said


@pytest.mark.django_db(transaction=True)
def test_a_system_that_fails_hinders_no_other(tmp_path: Path) -> None:
    place = Place(tmp_path)
    (tmp_path / "vpn.csv").write_text("nothing")

    collecting.collect(place.plan, place.now)

    readings = SystemReading.objects.in_bulk()
    assert "列 name がありません" in str(readings["vpn"].trouble)
    assert readings["shop"].taken_at == place.now
    assert CollectedAccount.objects.get(system="Toban").name == "uehara"
    assert collecting.due(place.plan, place.now) == []
    assert len(collecting.due(place.plan, place.now + 10 * MINUTE)) == 3


def test_what_appears_and_gains_rights_is_an_important_operation(place: Place) -> None:
    place.look()
    assert not LedgerEntry.objects.filter(content__event="accounts-changed").exists()
    place.write("vpn", "tanaka,,yes,,true,", "uehara,,yes,,true,", "eve,,,,,")

    place.look(10 * MINUTE)

    entry = LedgerEntry.objects.get(content__event="accounts-changed")
    assert (entry.content["created"], entry.content["raised"]) == (["eve"], ["tanaka"])
    found = facts(entry)
    assert found is not None
    assert found.is_sensitive
    assert str(found.said) == (
        "vpn のアカウント: 1 件できた: eve、1 件なくなった: monitor-1、1 件が特権になった: tanaka"
    )
