"""Sign-ins are watched on the real audit log and on what systems tell; each find is answered by somebody."""

from datetime import timedelta
from pathlib import Path

import pytest
from tests.integration.chapters.accounts.place import BINDINGS, DAY, MINUTE, Place

from toban.chapters.accounts import leaving
from toban.chapters.accounts.leaving import Teller
from toban.chapters.accounts.models import Leaver, Suspicion
from toban.chapters.accounts.suspicion import watching
from toban.chapters.accounts.suspicion.rules import WatchTerms
from toban.design.values.delivery import OFFICE_HOURS
from toban.engine.evidence import ledger
from toban.engine.evidence.models import LedgerEntry
from toban.engine.evidence.verdict import Verdict
from toban.engine.orders import NotPossible
from toban.engine.people.models import Operator, OperatorRole
from toban.message import plain

pytestmark = pytest.mark.django_db
WATCH = "security/audit-review/不審なアクセスパターンの検知"
REVIEW = "security/audit-review/重要操作を週次でレビュー"


@pytest.fixture
def place(tmp_path: Path) -> Place:
    found = Place(tmp_path, bindings=BINDINGS)
    used = "2026-11-20T10:00:00+09:00"
    found.write("vpn", f"tanaka,,,,true,{used}", "uehara,,yes,,true,", "monitor-1,,,,,")
    found.write("shop", f"taro,,,,,{used}", "x9,t.tanaka@example.com,,,,")
    found.look()
    return found


def sign_in(
    place: Place, event: str = "signed-in", *, actor: str = "uehara", address: str = "10.0.0.1"
) -> None:
    entry = ledger.Record(LedgerEntry.Kind.AUDIT, {"event": event, "address": address}, actor=actor)
    ledger.append(entry, now=place.now)


def watch(place: Place) -> None:
    terms = WatchTerms(OFFICE_HOURS, place.edition.bindings.system.business)
    watching.look(place.plan, terms, place.now)
    place.look()


def answer(place: Place, remark: str, by: Teller) -> None:
    number = Suspicion.objects.get().pk
    leaving.answer(number, remark, by=by, edition=place.edition, plan=place.plan, now=place.now)


def rules() -> list[str]:
    return list(Suspicion.objects.order_by("pk").values_list("rule", flat=True))


def test_a_guessed_password_is_found_once(place: Place) -> None:
    for _ in range(5):
        sign_in(place, "sign-in-refused", address="198.51.100.1")
    watch(place)
    assert place.verdict(WATCH) is Verdict.CONFORMING
    place.now += MINUTE
    sign_in(place, address="198.51.100.1")

    watch(place)
    watch(place)

    assert rules() == ["guessed"]
    assert place.verdict(WATCH) is Verdict.WARNING
    assert "5 回失敗" in place.said(WATCH)
    assert LedgerEntry.objects.filter(content__event="sign-in-suspected").count() == 1


def test_a_manager_at_night_from_elsewhere(place: Place) -> None:
    sign_in(place)
    place.now = (place.now + 15 * DAY).replace(hour=3)
    sign_in(place, address="203.0.113.9")

    watch(place)

    assert rules() == ["new-network", "off-hours"]


def test_a_dormant_account_of_a_system_wakes(place: Place) -> None:
    place.write("vpn", "tanaka,,,,true,2026-08-01T10:00:00+09:00")
    place.look(10 * MINUTE)
    watch(place)
    assert rules() == []
    place.write("vpn", "tanaka,,,,true,2026-11-30T09:05:00+09:00")
    place.look(10 * MINUTE)

    watch(place)

    found = Suspicion.objects.get()
    assert (found.system, found.account, found.rule) == ("vpn", "tanaka", "waking")


def test_a_machine_with_privileges_works_at_all_hours(place: Place) -> None:
    at_night = "2026-11-30T03:00:00+09:00"
    place.write("vpn", f"monitor-1,,yes,,,{at_night}", f"uehara,,yes,,true,{at_night}")
    place.look(10 * MINUTE)

    watch(place)

    assert [(each.account, each.rule) for each in Suspicion.objects.all()] == [("uehara", "off-hours")]


def test_each_find_is_answered_before_the_audit_log_is_signed_off(place: Place) -> None:
    since = place.now
    for _ in range(5):
        sign_in(place, "sign-in-refused", actor="dev")
    sign_in(place, actor="dev")
    watch(place)
    place.now += timedelta(hours=1)
    [before] = [fact for fact in place.facts(since, REVIEW) if str(fact.label) == "Toban: dev"]
    assert (before.is_exception, before.is_undecided) == (True, True)
    by = Teller("uehara", Leaver.ToldBy.PAGE, place.manager)

    with pytest.raises(NotPossible, match="確かめた結果"):
        answer(place, " ", by)
    answer(place, "本人に確認した", by)
    watch(place)

    [after] = [fact for fact in place.facts(since, REVIEW) if str(fact.label) == "Toban: dev"]
    assert not after.is_undecided
    assert "uehara が回答: 本人に確認した" in str(after.value)
    assert place.verdict(WATCH) is Verdict.CONFORMING


def test_nobody_answers_about_themselves_nor_twice(place: Place) -> None:
    for _ in range(5):
        sign_in(place, "factor-refused")
    sign_in(place)
    watch(place)

    with pytest.raises(NotPossible, match="自分のアカウント"):
        answer(place, "私です", Teller("uehara", Leaver.ToldBy.PAGE, place.manager))
    other = Operator.objects.create(username="kanri", operator_role=OperatorRole.MANAGER)
    by = Teller("kanri", Leaver.ToldBy.PAGE, other)
    answer(place, "確認した", by)
    with pytest.raises(NotPossible, match="未回答ではありません"):
        answer(place, "もう一度", by)


def test_nobody_answers_about_an_account_of_theirs_in_another_system(place: Place) -> None:
    place.take(BINDINGS.replace("taro = ", 'nami = "運用責任者", taro = '))
    place.write("shop", "nami,,,,,")
    place.look(10 * MINUTE)
    Suspicion.objects.create(
        system="shop", account="nami", rule="waking", at=place.now, said=plain("why"), found_at=place.now
    )

    with pytest.raises(NotPossible, match="自分のアカウント"):
        answer(place, "私です", Teller("uehara", Leaver.ToldBy.PAGE, place.manager))


def test_a_system_that_can_not_be_read_is_not_watched_and_named(place: Place) -> None:
    (place.folder / "vpn.csv").unlink()
    place.look(10 * MINUTE)

    assert place.verdict(WATCH) is Verdict.NOT_MEASURABLE
    assert place.said(WATCH).startswith("vpn を読めません")


def test_the_row_says_what_it_watches(place: Place) -> None:
    assert place.verdict(WATCH) is Verdict.CONFORMING
    assert place.said(WATCH) == (
        "未回答の不審なアクセスはありません。"
        "見ているもの: Toban (すべてのサインインと失敗)、vpn (最後の利用)、shop (最後の利用)"
    )


def test_a_system_that_shows_nobodys_sign_ins_is_not_watched_and_named(place: Place) -> None:
    place.write("shop", "taro,,,,,", "x9,t.tanaka@example.com,,,,")
    place.look(10 * MINUTE)

    assert place.verdict(WATCH) is Verdict.NOT_MEASURABLE
    assert place.said(WATCH) == (
        "shop はいつ使われたかを示さないため、不審なアクセスを見つけられません。"
        "見ているもの: Toban (すべてのサインインと失敗)、vpn (最後の利用)"
    )


def test_what_is_signed_in_to_before_is_watched_for_the_system_behind(place: Place) -> None:
    place.take(BINDINGS.replace("is_production = false", 'is_production = false\nbehind = "vpn"'))
    place.write("shop", "taro,,,,,", "x9,t.tanaka@example.com,,,,")
    place.look(10 * MINUTE)
    assert place.verdict(WATCH) is Verdict.CONFORMING
    assert "shop (手前の vpn で)" in place.said(WATCH)

    place.write("vpn", "tanaka,,,,true,")
    place.look(10 * MINUTE)

    assert place.verdict(WATCH) is Verdict.NOT_MEASURABLE
    assert place.said(WATCH).startswith("vpn はいつ使われたか")


def test_what_is_unanswered_is_told_beside_what_is_not_watched(place: Place) -> None:
    place.write("shop", "taro,,,,,")
    for _ in range(5):
        sign_in(place, "sign-in-refused", actor="dev")
    sign_in(place, actor="dev")
    place.now += 10 * MINUTE

    watch(place)

    assert place.verdict(WATCH) is Verdict.WARNING
    assert "shop はいつ使われたかを示さない" in place.said(WATCH)


def test_a_watch_over_toban_alone_says_nothing_of_the_systems_of_the_document(place: Place) -> None:
    place.take('[people."運用責任者"]\nname = "上原"\naccount = "uehara"\n')
    place.look()

    assert place.verdict(WATCH) is Verdict.UNBOUND
    assert place.said(WATCH) == (
        "見ているのは Toban へのサインインだけです。"
        "文書のシステムを toban.toml に [accounts.名前] で書いてください。"
        "見ているもの: Toban (すべてのサインインと失敗)"
    )
