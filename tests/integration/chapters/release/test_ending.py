"""How releases end when something comes in between: nothing hangs, and what serves is what is said."""

import pytest
from django.db.models import F
from tests.integration.chapters.release.shop import (
    BINDINGS,
    MINUTE,
    PRODUCTION,
    SECOND,
    STAGING,
    VIA,
    Shop,
)
from tests.integration.engine.runs.claims import taken

from toban.chapters.release.models import DeploymentLock, Release
from toban.chapters.release.ordering import orders
from toban.chapters.release.ordering.aborting import abort
from toban.chapters.release.ordering.orders import ReleaseOrder
from toban.chapters.release.rows.looking import Looks
from toban.chapters.release.running import underway
from toban.chapters.release.running.works import rollback_mode
from toban.chapters.release.tracking import looking
from toban.engine.approvals.answers import Giver
from toban.engine.approvals.models import ApprovalRequest
from toban.engine.approvals.rules import RequestState
from toban.engine.evidence.models import LedgerEntry
from toban.engine.modes import service as modes
from toban.engine.modes.rules import Mode
from toban.engine.orders import NotPossible
from toban.engine.people.models import Operator
from toban.engine.runs import orders as runs
from toban.engine.runs.models import Run
from toban.engine.runs.modes.acts import acts_of
from toban.message import plain

pytestmark = pytest.mark.django_db


def serving(shop: Shop, *versions: str) -> Release:
    """Have *versions* serve in staging, one after another, each through its watch but the last."""
    for version in versions:
        if version not in {each.subject for each in shop.source.log}:
            shop.source.add(version)
        shop.work(11 * MINUTE)
        shop.stage(version)
    return Release.objects.latest("pk")


def begun(shop: Shop, version: str) -> Release:
    """Have the release of *version* to staging begin, and its run be claimed by a worker that dies."""
    shop.source.add(version)
    shop.now += SECOND
    release = shop.release(version, to=STAGING)
    underway.look(shop.plan, shop.now)
    artifact = taken(shop.works, "worker", shop.now)
    assert artifact is not None
    shop.perform(artifact)
    underway.look(shop.plan, shop.now)
    assert taken(shop.works, "dead", shop.now) is not None
    release.refresh_from_db()
    assert release.state == Release.State.RUNNING
    return release


def unbound(shop: Shop) -> None:
    """Put an edition in force that has no staging any more."""
    head, _, rest = BINDINGS.partition('[deployments."ステージング環境"]\nkind = "test"\nrollback = "act"\n')
    shop.take(head + rest)
    assert STAGING not in shop.plan.deployments


def test_a_release_whose_environment_is_gone_ends_and_says_so(shop: Shop) -> None:
    release = begun(shop, "v2")
    unbound(shop)
    shop.work(30 * SECOND)
    release.refresh_from_db()
    assert release.state == Release.State.RUNNING, "a worker of the former edition may still be at it"
    shop.work(2 * MINUTE)
    release.refresh_from_db()
    assert (release.state, DeploymentLock.objects.count()) == (Release.State.FAILED, 0)
    assert STAGING in str(release.note)
    assert not Run.objects.filter(
        state__in=(Run.State.RUNNING, Run.State.WAITING), pk=release.run or 0
    ).exists()


def test_a_watched_release_whose_environment_is_gone_ends(shop: Shop) -> None:
    release = serving(shop, "v1")
    unbound(shop)
    shop.work()
    release.refresh_from_db()
    assert release.state == Release.State.DONE
    assert STAGING in str(release.note)


def test_what_stopped_after_the_switch_serves_and_is_watched(shop: Shop) -> None:
    serving(shop, "v1")
    release = begun(shop, "v2")
    release.served_at = shop.now
    release.save()
    with pytest.raises(NotPossible, match="もう稼働しています"):
        abort(release.pk, "another day", shop.order("nami"), shop.now)
    Run.objects.filter(pk=release.run or 0).update(state=Run.State.FAILED, note=plain("timed out"))
    shop.work()
    release.refresh_from_db()
    assert release.state == Release.State.WATCHED
    assert "timed out" in str(release.note)


def test_a_version_that_falls_ill_with_nothing_to_go_back_to_is_not_watched_for_ever(shop: Shop) -> None:
    shop.stage("v1")
    release = shop.release("v1")
    shop.work()
    shop.approve()
    shop.work()
    shop.ill["v1"] = "answers 500"
    for _ in range(4):
        shop.work(5 * SECOND)
    release.refresh_from_db()
    assert release.state == Release.State.WATCHED
    shop.work(11 * MINUTE)
    release.refresh_from_db()
    assert (release.state, shop.serves) == (Release.State.FAILED, "v1")
    assert "answers 500" in str(release.note)


def test_a_version_that_is_ill_does_not_take_back_the_newer_one_that_mends_it(shop: Shop) -> None:
    serving(shop, "v1", "v2")
    shop.work(11 * MINUTE)
    old = shop.release("v1")
    shop.work()
    shop.approve()
    shop.work()
    shop.ill["v1"] = "answers 500"
    for _ in range(4):
        shop.work(5 * SECOND)
    new = shop.release("v2")
    underway.look(shop.plan, shop.now)
    shop.approve()
    underway.look(shop.plan, shop.now)
    new.refresh_from_db()
    assert new.state == Release.State.RUNNING

    shop.watch.look(shop.plan, shop.now + SECOND)

    new.refresh_from_db()
    old.refresh_from_db()
    assert (new.state, old.state) == (Release.State.RUNNING, Release.State.WATCHED)
    assert not Release.objects.filter(kind=Release.Kind.ROLLBACK).exists()


def ill_in_production(shop: Shop) -> Release:
    """Have v2 serve in production after v1, and fall ill."""
    release = None
    for version in ("v1", "v2"):
        if version != "v1":
            shop.source.add(version)
        shop.stage(version)
        release = shop.release(version)
        shop.work()
        shop.approve()
        shop.work()
        if version == "v1":
            shop.work(11 * MINUTE)
    assert release is not None
    return release


def sicken(shop: Shop) -> None:
    shop.ill["v2"] = "answers 500"
    for _ in range(4):
        shop.work(5 * SECOND)
    shop.work()


def test_the_watch_does_not_wait_for_a_request_that_nobody_has_answered(shop: Shop) -> None:
    release = ill_in_production(shop)
    deployment = shop.plan.deployments[PRODUCTION]
    asked = orders.roll_back(deployment, "遅い", shop.order("ken"), shop.now)
    shop.work()
    assert shop.serves == "v2"
    sicken(shop)
    release.refresh_from_db()
    asked.refresh_from_db()
    assert (shop.serves, release.state, asked.state) == ("v1", "rolled-back", "done")
    assert Release.objects.filter(kind=Release.Kind.ROLLBACK).count() == 1
    told = LedgerEntry.objects.filter(content__order="rollback-ordered", content__release=asked.pk)
    assert list(told.order_by("sequence").values_list("actor", flat=True)) == ["ken", orders.WATCH]
    assert ApprovalRequest.objects.latest("pk").state == RequestState.SUPERSEDED


def test_the_watch_asks_before_it_goes_back_over_a_migration(shop: Shop) -> None:
    release = ill_in_production(shop)
    Release.objects.filter(pk=release.pk).update(is_reversible=False)
    sicken(shop)
    back = Release.objects.get(kind=Release.Kind.ROLLBACK)
    assert (shop.serves, back.state, back.decided_at) == ("v2", Release.State.PLANNED, None)
    shop.approve()
    shop.work()
    assert shop.serves == "v1"


def test_in_mode_ask_the_watch_asks_where_the_row_wants_no_approval(shop: Shop) -> None:
    text = BINDINGS.replace('rollback = "act"', 'rollback = "ask"', 1)
    shop.take(text)
    release = serving(shop, "v1", "v2")
    deployment = shop.plan.deployments[STAGING]
    acts = rollback_mode(deployment, shop.plan) is Mode.ACT
    orders.roll_back_watched(release, deployment, shop.plan, plain("ill"), shop.now, shop.now, acts=acts)
    shop.work()
    assert shop.engines[STAGING].version == "v2"
    assert ApprovalRequest.objects.get().role == "運用責任者"


def test_the_watch_begins_in_shadow_and_a_person_moves_it_on(shop: Shop) -> None:
    shop.take(BINDINGS.replace('rollback = "act"\n', ""))
    release = ill_in_production(shop)
    sicken(shop)
    release.refresh_from_db()
    assert (shop.serves, release.state) == ("v2", Release.State.WATCHED)
    assert str(release.note).startswith("試行中なので切り戻しません")
    assert not Release.objects.filter(kind=Release.Kind.ROLLBACK).exists()
    found = {act.subject: act for act in acts_of(shop.works.values())}
    act = found[f"schedule/rollback/{PRODUCTION}"]
    assert (act.declared, act.role) == (Mode.SHADOW, "運用責任者")

    modes.move(
        act,
        Mode.ACT,
        "見て確かめた",
        shown=modes.shown_of(act, None),
        by=shop.giver("nami"),
        edition=shop.edition,
        now=shop.now,
    )
    shop.work(5 * SECOND)
    shop.work()

    release.refresh_from_db()
    assert (shop.serves, release.state) == ("v1", Release.State.ROLLED_BACK)


def test_an_approved_rollback_stops_what_is_under_way(shop: Shop) -> None:
    ill_in_production(shop)
    shop.work(11 * MINUTE)
    shop.source.add("v3")
    shop.stage("v3")
    deployment = shop.plan.deployments[PRODUCTION]
    orders.roll_back(deployment, "遅い", shop.order("ken"), shop.now)
    planned = shop.release("v3", at=shop.now + 5 * MINUTE)
    shop.work()
    request = ApprovalRequest.objects.get(subject=f"release/{planned.pk - 1}")
    shop.approve(request=request)
    shop.work(6 * MINUTE)
    planned.refresh_from_db()
    assert (shop.serves, planned.state) == ("v1", Release.State.ABORTED)


def test_a_decided_rollback_is_called_off_by_those_who_decide_on_it(shop: Shop) -> None:
    ill_in_production(shop)
    shop.work(11 * MINUTE)
    deployment = shop.plan.deployments[PRODUCTION]
    back = orders.roll_back(deployment, "遅い", shop.order("nami"), shop.now)
    underway.look(shop.plan, shop.now)
    back.refresh_from_db()
    run = Run.objects.get(pk=back.run or 0)

    with pytest.raises(NotPossible, match="決定済み"):
        abort(back.pk, "このままでよい", shop.order("ken"), shop.now)
    with pytest.raises(NotPossible, match="専用の操作") as refused:
        runs.cancel(run.work, by="ken", now=shop.now, run_id=run.pk)
    assert str(refused.value.hint) == f"toban release abort {back.pk}"
    with pytest.raises(NotPossible, match="専用の操作"):
        runs.skip(run.work, "このままでよい", by="ken", now=shop.now)

    abort(back.pk, "原因が分かった", shop.order("nami"), shop.now)
    shop.work()
    back.refresh_from_db()
    assert (shop.serves, back.state) == ("v2", Release.State.ABORTED)


def test_who_asked_for_a_rollback_withdraws_it(shop: Shop) -> None:
    ill_in_production(shop)
    shop.work(11 * MINUTE)
    asked = orders.roll_back(shop.plan.deployments[PRODUCTION], "遅い", shop.order("ken"), shop.now)
    abort(asked.pk, "直った", shop.order("ken"), shop.now)
    asked.refresh_from_db()
    assert asked.state == Release.State.ABORTED


def test_after_a_switch_that_was_left_half_way_the_way_back_is_what_served(shop: Shop) -> None:
    serving(shop, "v1", "v2")
    shop.work(11 * MINUTE)
    engine = shop.engines[STAGING]
    shop.source.add("v3")
    release = shop.release("v3", to=STAGING)
    engine.breaks = "switch"
    shop.work()
    release.refresh_from_db()
    assert (release.state, engine.version) == (Release.State.FAILED, "v3")
    engine.breaks = ""
    Looks().look(shop.plan, shop.now + MINUTE)
    back = orders.roll_back(shop.plan.deployments[STAGING], "止まった", shop.order("nami"), shop.now)
    shop.work(SECOND)
    release.refresh_from_db()
    assert (engine.version, back.artifact.label, release.state) == ("v2", "v2", Release.State.FAILED)


def test_after_a_release_that_failed_cleanly_the_way_back_is_the_version_before(shop: Shop) -> None:
    serving(shop, "v1", "v2")
    shop.work(11 * MINUTE)
    engine = shop.engines[STAGING]
    shop.source.add("v3")
    engine.fails = "switch"
    shop.release("v3", to=STAGING)
    shop.work()
    engine.fails = ""
    Looks().look(shop.plan, shop.now + MINUTE)
    back = orders.roll_back(shop.plan.deployments[STAGING], "遅い", shop.order("nami"), shop.now)
    assert back.artifact.label == "v1"


def test_a_rollback_takes_the_lock_of_a_release_that_has_died(shop: Shop) -> None:
    serving(shop, "v1")
    release = begun(shop, "v2")
    Run.objects.filter(pk=release.run or 0).update(state=Run.State.CANCELLED)
    back = orders.roll_back(shop.plan.deployments[STAGING], "遅い", shop.order("nami"), shop.now)
    underway.look(shop.plan, shop.now)
    # Its lock is still there when the rollback begins: `_settle` has not looked yet.
    Release.objects.filter(pk=release.pk).update(state=Release.State.RUNNING)
    DeploymentLock.objects.all().delete()
    DeploymentLock.objects.create(
        deployment=STAGING, release=release, owner="ken", reason="v2", since=shop.now
    )
    back.refresh_from_db()
    held = taken(shop.works, "worker", shop.now)
    assert held is not None
    assert held.work == f"rollback/{STAGING}"
    shop.works[held.work].steps[0].act(shop.hand(held))
    assert DeploymentLock.objects.get().release == back


def test_a_trigger_does_not_bring_back_what_people_brought_and_was_rolled_back(shop: Shop) -> None:
    serving(shop, "v1", "v2")
    deployment = shop.plan.deployments[STAGING]
    orders.roll_back(deployment, "遅い", shop.order("nami"), shop.now)
    shop.work()
    assert shop.engines[STAGING].version == "v1"
    brought = {each.commit for each in looking._past(deployment)}
    assert shop.source.resolve("v2") in brought


def test_every_end_is_in_the_audit_log(shop: Shop) -> None:
    serving(shop, "v1", "v2")
    orders.roll_back(shop.plan.deployments[STAGING], "遅い", shop.order("nami"), shop.now)
    shop.work()
    told = [each.content for each in LedgerEntry.objects.order_by("sequence")]
    for release in Release.objects.all():
        mine = [each["order"] for each in told if each.get("release") == release.pk]
        assert mine[-1] == "release-ended", (release.pk, mine)


def test_nobody_goes_back_alone_over_a_migration_that_can_not_be_undone(shop: Shop) -> None:
    ill_in_production(shop)
    shop.work(11 * MINUTE)
    Release.objects.filter(deployment=PRODUCTION, artifact__label="v2").update(is_reversible=False)

    back = orders.roll_back(shop.plan.deployments[PRODUCTION], "遅い", shop.order("nami"), shop.now)
    shop.work()

    request = ApprovalRequest.objects.latest("pk")
    assert (shop.serves, back.decided_at, back.is_reversible) == ("v2", None, False)
    assert (request.subject, request.people, request.is_irreversible) == (f"release/{back.pk}", 1, True)
    assert "release.goes-back-over" in {value.code for _label, value in request.facts_said()}
    with pytest.raises(NotPossible):
        shop.approve("nami", request)
    shop.take(BINDINGS.replace('"nami', '"mio'))
    shop.work()
    shop.approve("mio")
    shop.work()
    assert shop.serves == "v1"


def test_nobody_goes_back_by_the_approval_of_who_was_locked_out_before_it_began(shop: Shop) -> None:
    ill_in_production(shop)
    shop.work(11 * MINUTE)
    back = orders.roll_back(shop.plan.deployments[PRODUCTION], "遅い", shop.order("ken"), shop.now)
    shop.work()
    shop.approve("nami")
    Operator.objects.filter(username="nami").update(lockouts=F("lockouts") + 1)

    shop.work()
    again = ApprovalRequest.objects.latest("pk")
    back.refresh_from_db()
    assert (shop.serves, again.state, back.decided_at) == ("v2", RequestState.OPEN, None)

    shop.work(MINUTE)
    shop.approve("nami", again)
    shop.work()
    assert (shop.serves, ApprovalRequest.objects.latest("pk")) == ("v1", again)


def test_a_migration_further_back_is_gone_over_too(shop: Shop) -> None:
    serving(shop, "v1", "v2")
    Release.objects.filter(deployment=STAGING, artifact__label="v2").update(is_reversible=False)
    serving(shop, "v3")
    staging = shop.plan.deployments[STAGING]
    first = orders.roll_back(staging, "遅い", shop.order("ken"), shop.now)
    shop.work(SECOND)
    second = orders.roll_back(staging, "まだ遅い", shop.order("ken"), shop.now)

    assert (first.is_reversible, shop.engines[STAGING].version) == (True, "v2")
    assert (second.artifact.label, second.is_reversible, second.decided_at) == ("v1", False, None)
    shop.work(SECOND)
    assert ApprovalRequest.objects.latest("pk").role == "運用責任者"


def test_without_an_account_nobody_goes_back_over_a_migration(shop: Shop) -> None:
    ill_in_production(shop)
    shop.work(11 * MINUTE)
    Release.objects.filter(deployment=PRODUCTION, artifact__label="v2").update(is_reversible=False)
    order = ReleaseOrder(Giver(None, VIA.SHELL, "root"), shop.edition, shop.plan)

    with pytest.raises(NotPossible) as refused:
        orders.roll_back(shop.plan.deployments[PRODUCTION], "遅い", order, shop.now)

    assert refused.value.said.code == "release.orderer-unknown"
