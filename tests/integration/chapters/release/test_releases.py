"""Releases from the plan to the watch: who may, what is refused, what serves in the end."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.integration.chapters.release.shop import (
    BINDINGS,
    DOCUMENT,
    HOUR,
    MINUTE,
    NOON,
    PRODUCTION,
    SECOND,
    STAGING,
    VIA,
    Shop,
)

from toban.chapters.release.models import DeploymentLock, Release
from toban.chapters.release.operation import OPERATION
from toban.chapters.release.ordering import orders
from toban.chapters.release.ordering.aborting import abort
from toban.chapters.release.ordering.orders import ReleaseOrder
from toban.chapters.release.ordering.planning import Wish, draft
from toban.engine.approvals.answers import Giver
from toban.engine.approvals.models import ApprovalAnswer, ApprovalRequest
from toban.engine.approvals.rules import RequestState
from toban.engine.clock import system_clock
from toban.engine.editions.gate.powers import changes, powers_of
from toban.engine.evidence.models import LedgerEntry
from toban.engine.notify.duty import overrides
from toban.engine.operation import running_works
from toban.engine.orders import NotPossible
from toban.engine.people.models import Operator
from toban.engine.runs import orders as runs
from toban.engine.runs.models import Run

pytestmark = pytest.mark.django_db


def serving(shop: Shop, version: str) -> Release:
    """Have *version* serve in production, after its watch."""
    shop.stage(version)
    release = shop.release(version)
    shop.work()
    shop.approve()
    shop.work()
    shop.work(11 * MINUTE)
    release.refresh_from_db()
    assert (release.state, shop.serves) == (Release.State.DONE, version), str(release.note)
    return release


def test_a_release_is_staged_approved_switched_and_watched(shop: Shop) -> None:
    release = serving(shop, "v1")

    assert shop.engines[PRODUCTION].acts == ["install v1", "switch v1"]
    assert shop.engines[STAGING].kept == shop.engines[PRODUCTION].kept, "the same bytes went to both"
    assert release.served_at == release.checked_at == NOON
    assert not DeploymentLock.objects.exists()
    told = [each.content for each in LedgerEntry.objects.order_by("sequence")]
    mine = [each["order"] for each in told if each.get("release") == release.pk]
    assert mine == ["release-planned", "approve", "release-began", "release-served", "release-ended"]


def test_nothing_begins_before_its_time_or_without_approval(shop: Shop) -> None:
    shop.stage("v1")
    release = shop.release("v1", at=NOON + HOUR)
    shop.work()
    request = ApprovalRequest.objects.get()
    assert request.role == "運用責任者"
    shop.work(59 * MINUTE)
    shop.approve()
    shop.work()
    assert shop.serves == ""
    shop.work(MINUTE)
    release.refresh_from_db()
    assert (shop.serves, release.began_at) == ("v1", NOON + HOUR)


def test_what_was_approved_does_not_begin_if_who_approved_is_locked_out(shop: Shop) -> None:
    shop.stage("v1")
    release = shop.release("v1", at=NOON + HOUR)
    shop.work()
    shop.approve("nami")
    Operator.objects.filter(username="nami").update(is_active=False, lockouts=1)

    shop.work(HOUR)

    release.refresh_from_db()
    assert (shop.serves, release.state) == ("", Release.State.PLANNED)
    assert ApprovalRequest.objects.latest("pk").state == RequestState.OPEN


def test_a_release_that_nobody_approves_is_called_off(shop: Shop) -> None:
    shop.stage("v1")
    release = shop.release("v1")
    shop.work()
    shop.work(25 * HOUR)
    release.refresh_from_db()
    assert (release.state, shop.serves) == (Release.State.ABORTED, "")
    with pytest.raises(NotPossible):
        shop.approve()


@pytest.mark.parametrize("name", ["ken", "mio"])
def test_neither_who_ordered_nor_who_wrote_it_approves(shop: Shop, name: str) -> None:
    shop.take(BINDINGS.replace('account = "nami"', f'account = "{name}"'))
    shop.stage("v1")
    shop.release("v1")
    shop.work()
    with pytest.raises(NotPossible):
        shop.approve(name)
    shop.work()
    assert shop.serves == ""


def test_a_new_edition_or_artefact_needs_a_new_approval(shop: Shop) -> None:
    shop.stage("v1")
    release = shop.release("v1", at=NOON + HOUR)
    shop.work()
    shop.approve()
    release.artifact.digest = "0" * 64
    release.artifact.save()
    shop.work(HOUR)
    assert shop.serves == ""
    states = ApprovalRequest.objects.order_by("pk").values_list("state", flat=True)
    assert list(states) == [RequestState.SUPERSEDED, RequestState.OPEN]


def test_production_takes_only_what_staging_has_had(shop: Shop) -> None:
    with pytest.raises(NotPossible, match="ステージング環境"):
        shop.release("v1")
    shop.stage("v1")
    shop.source.add("v2")
    with pytest.raises(NotPossible, match="ステージング環境"):
        shop.release("v2")


def test_an_unreviewed_or_unknown_commit_is_refused(shop: Shop) -> None:
    shop.source.reviewed[shop.source.add("v2")] = False
    with pytest.raises(NotPossible, match="レビュー"):
        shop.release("v2", to=STAGING)
    with pytest.raises(NotPossible):
        shop.release("v9", to=STAGING)


def test_who_orders_what_others_approve_must_be_known(shop: Shop) -> None:
    shop.stage("v1")
    wish = Wish(PRODUCTION, "v1", shop.now)
    made = draft(shop.edition, shop.plan, wish, home=shop.home, now=shop.now)
    nobody = ReleaseOrder(Giver(None, VIA.SHELL, "root"), shop.edition, shop.plan)
    with pytest.raises(NotPossible, match="だれが指示するのか"):
        orders.order_release(made, nobody, shop.now)


def test_what_was_planned_from_another_version_is_looked_at_again(shop: Shop) -> None:
    """Commits, their authors and the way back were those since v1, which no longer serves."""
    serving(shop, "v1")
    shop.source.add("v2")
    shop.source.add("v3")
    shop.stage("v2")
    made = draft(shop.edition, shop.plan, Wish(STAGING, "v3", shop.now), home=shop.home, now=shop.now)
    orders.roll_back(shop.plan.deployments[STAGING], "遅い", shop.order("ken"), shop.now)
    shop.work(MINUTE)
    assert shop.engines[STAGING].version == "v1"

    with pytest.raises(NotPossible, match="別の版が稼働しました"):
        orders.order_release(made, shop.order("ken"), shop.now)
    former = shop.release("v3", to=STAGING).former
    assert former is not None
    assert former.label == "v1"


def test_what_is_ordered_from_a_shell_says_whose_it_was(shop: Shop) -> None:
    serving(shop, "v1")
    shop.source.add("v2")
    shop.stage("v2")
    ken, deployment = replace(shop.giver("ken"), via=VIA.SHELL, shell_user="eve"), PRODUCTION
    order = ReleaseOrder(ken, shop.edition, shop.plan)
    before, place = LedgerEntry.objects.count(), shop.plan.deployments[deployment]

    made = draft(shop.edition, shop.plan, Wish(deployment, "v2", shop.now), home=shop.home, now=shop.now)
    release = orders.order_release(made, order, shop.now)
    abort(release.pk, "別の日にする", order, shop.now)
    orders.lock(place, "棚卸し中", ken, shop.now)
    orders.unlock(place, ken, shop.now)

    told = LedgerEntry.objects.filter(sequence__gt=before, actor="ken").order_by("sequence")
    assert [(each.content["order"], each.content.get("shell_user")) for each in told] == [
        ("release-planned", "eve"),
        ("release-aborted", "eve"),
        ("environment-locked", "eve"),
        ("environment-unlocked", "eve"),
    ]


def test_viewers_and_second_releases_are_refused(shop: Shop) -> None:
    shop.stage("v1")
    with pytest.raises(NotPossible):
        shop.release("v1", by="eve")
    shop.release("v1")
    with pytest.raises(NotPossible, match="別のリリース"):
        shop.release("v1")


def test_a_failed_switch_leaves_what_served(shop: Shop) -> None:
    serving(shop, "v1")
    shop.source.add("v2")
    shop.stage("v2")
    shop.engines[PRODUCTION].fails = "switch"
    release = shop.release("v2")
    shop.work()
    shop.approve()
    shop.work()
    release.refresh_from_db()
    assert (release.state, shop.serves) == (Release.State.FAILED, "v1")
    assert "no space left" in str(release.note)
    assert not DeploymentLock.objects.exists()


def test_a_version_that_falls_ill_goes_back_by_itself_once(shop: Shop) -> None:
    serving(shop, "v1")
    shop.source.add("v2")
    shop.stage("v2")
    release = shop.release("v2")
    shop.work()
    shop.approve()
    shop.work()
    assert shop.serves == "v2"
    shop.ill["v2"] = "500 since the release"
    for _ in range(3):
        shop.work(5 * SECOND)
    shop.work()
    release.refresh_from_db()
    back = Release.objects.get(kind=Release.Kind.ROLLBACK)
    assert (shop.serves, release.state) == ("v1", Release.State.ROLLED_BACK)
    assert (back.undoes, back.state, back.ordered_by) == (release, Release.State.DONE, "watch")
    assert back.detected_at is not None
    assert back.decided_at is not None
    assert back.served_at is not None
    assert back.detected_at < back.decided_at <= back.served_at
    for _ in range(4):
        shop.work(5 * SECOND)
    assert Release.objects.filter(kind=Release.Kind.ROLLBACK).count() == 1


def test_the_holder_of_the_role_rolls_back_at_once_and_others_ask(shop: Shop) -> None:
    serving(shop, "v1")
    shop.source.add("v2")
    second = serving(shop, "v2")
    deployment = shop.plan.deployments[PRODUCTION]
    asked = orders.roll_back(deployment, "決済が通らない", shop.order("ken"), shop.now)
    shop.work()
    assert (shop.serves, asked.decided_at) == ("v2", None)
    with pytest.raises(NotPossible):
        orders.roll_back(deployment, "決済が通らない", shop.order("nami"), shop.now)
    shop.approve("nami")
    shop.work()
    second.refresh_from_db()
    assert (shop.serves, second.state) == ("v1", Release.State.ROLLED_BACK)
    with pytest.raises(NotPossible):
        orders.roll_back(deployment, "まだおかしい", shop.order("nami"), shop.now)


def test_a_deputy_who_made_themselves_one_asks_for_the_rollback(shop: Shop) -> None:
    serving(shop, "v1")
    shop.source.add("v2")
    serving(shop, "v2")
    overrides.override(
        "運用責任者", "開発担当者", "不在", starts_at=shop.now, ends_at=shop.now + HOUR, by="ken",
        now=shop.now, design=shop.edition.design, bindings=shop.edition.bindings,
    )  # fmt: skip
    asked = orders.roll_back(shop.plan.deployments[PRODUCTION], "戻したい", shop.order("ken"), shop.now)
    shop.work()
    assert (shop.serves, asked.decided_at) == ("v2", None)


def in_own_shell(holder: Giver) -> Giver:
    return replace(holder, via=ApprovalAnswer.Via.SHELL, shell_user="ken")


def by_token_made_in_own_shell(holder: Giver) -> Giver:
    return replace(holder, via=ApprovalAnswer.Via.API, token_maker="ken")


def by_password_they_gave(holder: Giver) -> Giver:
    ken = Operator.objects.get(username="ken")
    Operator.objects.filter(username="nami").update(password_set_at=system_clock(), password_setters=[ken.pk])
    return replace(holder, account=Operator.objects.get(username="nami"))


def in_a_shell_that_many_share(holder: Giver) -> Giver:
    return replace(holder, via=ApprovalAnswer.Via.SHELL, shell_user="root")


@pytest.mark.parametrize(
    ("way", "decides"),
    [
        (in_own_shell, False),
        (by_token_made_in_own_shell, False),
        (by_password_they_gave, False),
        (in_a_shell_that_many_share, True),
    ],
)
def test_nobody_decides_on_a_rollback_in_the_holders_name(
    shop: Shop, way: Callable[[Giver], Giver], *, decides: bool
) -> None:
    serving(shop, "v1")
    shop.source.add("v2")
    serving(shop, "v2")
    order = shop.order("nami")

    asked = orders.roll_back(
        shop.plan.deployments[PRODUCTION], "戻したい", replace(order, by=way(order.by)), shop.now
    )

    assert (asked.decided_at is not None) is decides


def test_a_deputy_who_was_relieved_while_their_order_waited_asks_for_the_rollback(shop: Shop) -> None:
    serving(shop, "v1")
    shop.source.add("v2")
    serving(shop, "v2")
    made = overrides.override(
        "運用責任者", "開発担当者", "不在", starts_at=shop.now, ends_at=shop.now + HOUR, by="nami",
        now=shop.now, design=shop.edition.design, bindings=shop.edition.bindings,
    )  # fmt: skip
    overrides.end_override(made.pk, by="nami", now=shop.now + timedelta(seconds=2))

    asked = orders.roll_back(shop.plan.deployments[PRODUCTION], "戻したい", shop.order("ken"), shop.now)

    assert asked.decided_at is None


def test_a_rollback_does_not_wait_for_a_host_that_is_down_and_a_release_does(shop: Shop) -> None:
    serving(shop, "v1")
    shop.source.add("v2")
    serving(shop, "v2")
    shop.source.add("v3")
    shop.stage("v3")
    shop.engines[PRODUCTION].fails = "look"
    release = shop.release("v3")
    shop.work()
    shop.approve()
    shop.work()
    release.refresh_from_db()
    assert (release.state, shop.serves) == (Release.State.FAILED, "v2")
    orders.roll_back(shop.plan.deployments[PRODUCTION], "誤表示", shop.order("nami"), shop.now)
    shop.work()
    assert shop.serves == "v1"


def test_a_rollback_goes_past_a_lock_and_a_release_waits_for_it(shop: Shop) -> None:
    serving(shop, "v1")
    shop.source.add("v2")
    serving(shop, "v2")
    deployment = shop.plan.deployments[PRODUCTION]
    orders.lock(deployment, "棚卸し中", shop.giver("ken"), shop.now)
    shop.source.add("v3")
    shop.stage("v3")
    release = shop.release("v3")
    shop.work()
    shop.approve()
    shop.work()
    release.refresh_from_db()
    assert "棚卸し中" in str(release.note)
    orders.roll_back(deployment, "誤表示", shop.order("nami"), shop.now)
    shop.work()
    assert shop.serves == "v1"
    release.refresh_from_db()
    assert release.state == Release.State.ABORTED
    assert DeploymentLock.objects.get().owner == "ken"


@pytest.mark.parametrize("to", [STAGING, PRODUCTION])
def test_a_release_that_goes_back_over_a_migration_is_never_one_persons_decision(shop: Shop, to: str) -> None:
    serving(shop, "v1")
    shop.source.add("v2")
    serving(shop, "v2")
    shop.source.log[-1] = replace(shop.source.log[-1], files=("shop/migrations/0002_drop.py",))
    back = shop.release("v1", to=to)
    shop.work()

    request = ApprovalRequest.objects.get(subject=f"release/{back.pk}")
    assert (request.people, request.is_irreversible) == (2, True)
    assert any("マイグレーションの前の版になる: v2" in str(said) for _label, said in request.facts_said())
    shop.approve(request=request)
    shop.work()
    assert shop.engines[to].version == "v2"
    # What it leaves can serve again: to go forth is no way back over anything.
    assert back.is_reversible


def test_what_cannot_be_undone_needs_two_people_and_a_backup(shop: Shop) -> None:
    shop.source.add("v2", files=["shop/migrations/0002_drop.py"])
    release = shop.release("v2", to=STAGING)
    shop.work()
    request = ApprovalRequest.objects.get()
    assert (request.people, request.is_irreversible) == (2, True)
    assert release.is_reversible is False


@pytest.mark.parametrize(
    ("row", "other"),
    [
        ("| リリース予定日時 | 運用責任者 |", "| リリース予定日時 | 不要 |"),
        ("| リリース予定日時 | 運用責任者 |", "| リリース予定日時 | 開発担当者 |"),
        ("| 本番環境 | 手動 | リリース予定日時", "| 本番環境 | 自動 | mainへのマージ時"),
        ("| ステージング環境 | 自動 | releaseブランチ作成時 | 不要 |\n", ""),
    ],
)
def test_another_way_into_production_is_a_power_of_the_new_version(shop: Shop, row: str, other: str) -> None:
    before = powers_of(shop.edition, running_works(shop.edition, (OPERATION,)))
    shop.take(document=DOCUMENT.replace(row, other))
    after = powers_of(shop.edition, running_works(shop.edition, (OPERATION,)))

    assert [each.at[1] for each in changes(before, after)] == [f"release/{PRODUCTION}"]


def test_a_run_ordered_past_the_release_does_nothing(shop: Shop) -> None:
    shop.stage("v1")
    release = shop.release("v1")
    shop.work()
    runs.order(f"release/{PRODUCTION}", {"release": str(release.pk)}, by="ken", now=shop.now)
    shop.work()
    assert shop.serves == ""
    assert Run.objects.filter(work=f"release/{PRODUCTION}").get().state == Run.State.FAILED


def test_an_aborted_release_never_begins(shop: Shop) -> None:
    shop.stage("v1")
    release = shop.release("v1")
    shop.work()
    abort(release.pk, "別の日にする", shop.order("ken"), shop.now)
    shop.work(timedelta(hours=1))
    release.refresh_from_db()
    assert (release.state, shop.serves) == (Release.State.ABORTED, "")
    assert ApprovalRequest.objects.get().state == RequestState.SUPERSEDED
