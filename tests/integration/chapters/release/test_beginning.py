"""What is asked again when a planned release is due: it may have been planned days ago."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

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
    Shop,
)

from toban.chapters.release.models import CommitProof, DeploymentLock, Release, StoredArtifact
from toban.chapters.release.ordering import orders
from toban.chapters.release.ordering.aborting import abort
from toban.chapters.release.ordering.planning import Wish, draft
from toban.chapters.release.running import stock, underway
from toban.chapters.release.running.artifacts import archive_of
from toban.chapters.release.source import ProofKind
from toban.engine.approvals.models import ApprovalRequest
from toban.engine.evidence.models import LedgerEntry
from toban.engine.orders import NotPossible
from toban.engine.runs.models import PlannedWork
from toban.message import plain

pytestmark = pytest.mark.django_db
FREEZE = """
[[releases.shop.freezes]]
from = 2026-04-14T12:30:00
until = 2026-04-14T18:00:00
reason = "棚卸し"
"""
FROZEN = BINDINGS.replace('[deployments."ステージング環境"]', FREEZE + '[deployments."ステージング環境"]')


def planned(shop: Shop, at: timedelta = HOUR) -> Release:
    """Have v1 staged, and planned for production."""
    shop.stage("v1")
    release = shop.release("v1", at=NOON + at)
    shop.work()
    return release


def test_a_freeze_that_began_meanwhile_calls_it_off(shop: Shop) -> None:
    release = planned(shop)
    shop.take(FROZEN)
    shop.work()
    shop.approve()
    shop.work(HOUR)
    release.refresh_from_db()
    assert (release.state, shop.serves) == (Release.State.ABORTED, "")
    assert "棚卸し" in str(release.note)


def test_a_freeze_that_was_overruled_when_it_was_planned_stays_overruled(shop: Shop) -> None:
    shop.stage("v1")
    shop.take(FROZEN)
    wish = Wish(PRODUCTION, "v1", NOON + HOUR, despite="決済が止まっている")
    made = draft(shop.edition, shop.plan, wish, home=shop.home, now=shop.now)
    orders.order_release(made, shop.order("ken"), shop.now)
    shop.work()
    shop.approve()
    shop.work(HOUR)
    assert shop.serves == "v1"


def test_a_trigger_orders_nothing_in_a_freeze(shop: Shop) -> None:
    shop.take(FROZEN)
    shop.now += HOUR
    deployment, commit = shop.plan.deployments[STAGING], shop.source.resolve("v1")
    with pytest.raises(NotPossible, match="棚卸し"):
        orders.order_automatic(shop.plan, deployment, shop.source, commit, "release/1", shop.now)
    shop.now += 6 * HOUR
    assert orders.order_automatic(shop.plan, deployment, shop.source, commit, "release/1", shop.now)


def test_who_wrote_what_a_trigger_orders_does_not_approve_it(shop: Shop) -> None:
    asks = DOCUMENT.replace("releaseブランチ作成時 | 不要", "releaseブランチ作成時 | 運用責任者")
    shop.take(BINDINGS.replace('account = "nami"', 'account = "mio"'), asks)
    deployment, commit = shop.plan.deployments[STAGING], shop.source.resolve("v1")
    orders.order_automatic(shop.plan, deployment, shop.source, commit, "release/1", shop.now)
    shop.work()

    with pytest.raises(NotPossible, match="自分が依頼した"):
        shop.approve("mio")


WEB_FLOW = {"author": "Nami <nami@example.com>", "committer": "GitHub <noreply@github.com>"}


@pytest.mark.parametrize(
    ("writers", "told"),
    [
        ({"author": "Nami <nami@example.com>"}, ""),
        (WEB_FLOW, ""),
        ({"author": "N <nami@home.example>"}, "N <nami@home.example>"),
        ({"author": "Nami"}, "Nami"),
        ({"author": "GitHub <noreply@github.com>"}, "GitHub <noreply@github.com>"),
        ({**WEB_FLOW, "trailers": {"co-authored-by": ("N <n@home.example>",)}}, "N <n@home.example>"),
    ],
)
def test_whoever_approves_is_shown_the_writers_whom_nobody_knows(
    shop: Shop, writers: dict[str, Any], told: str
) -> None:
    shop.source.log.clear()
    shop.source.add("v1")
    shop.source.log[0] = replace(shop.source.log[0], **writers)
    shop.stage("v1")
    shop.release("v1")
    shop.work()

    request = ApprovalRequest.objects.get()

    shown = [str(value) for label, value in request.facts_said() if label.code == "release.fact-writers"]
    assert request.people == 1
    assert [each.partition(" (アカウントにも [people] にもない")[0] for each in shown] == (
        [told] if told else []
    )


def test_who_is_unknown_is_shown_also_of_what_a_trigger_orders(shop: Shop) -> None:
    asks = DOCUMENT.replace("releaseブランチ作成時 | 不要", "releaseブランチ作成時 | 運用責任者")
    shop.take(BINDINGS, asks)
    shop.source.log[-1] = replace(shop.source.log[-1], author="N <n@home.example>")
    deployment, commit = shop.plan.deployments[STAGING], shop.source.resolve("v1")
    orders.order_automatic(shop.plan, deployment, shop.source, commit, "release/1", shop.now)
    shop.work()

    shown = [value.code for _label, value in ApprovalRequest.objects.get().facts_said()]
    assert "release.writers-unknown" in shown


def test_what_staging_has_rolled_back_since_does_not_reach_production(shop: Shop) -> None:
    release = planned(shop)
    shop.approve()
    Release.objects.filter(deployment=STAGING).update(state=Release.State.ROLLED_BACK)
    shop.work(HOUR)
    release.refresh_from_db()
    assert (release.state, shop.serves) == (Release.State.ABORTED, "")
    assert STAGING in str(release.note)


def test_a_proof_that_is_withdrawn_calls_it_off(shop: Shop) -> None:
    release = planned(shop)
    shop.approve()
    CommitProof.objects.create(
        service="shop",
        commit=release.artifact.commit,
        kind=ProofKind.REVIEW,
        is_given=False,
        said=plain("dismissed"),
        looked_at=shop.now,
    )
    shop.work(HOUR)
    release.refresh_from_db()
    assert (release.state, shop.serves) == (Release.State.ABORTED, "")


@pytest.mark.parametrize(("late", "state"), [(14 * MINUTE, "watched"), (15 * MINUTE, "aborted")])
def test_what_could_not_begin_at_its_time_does_not_begin_later(
    shop: Shop, late: timedelta, state: str
) -> None:
    release = planned(shop)
    shop.approve()
    lock = orders.lock(shop.plan.deployments[PRODUCTION], "棚卸し", shop.giver("nami"), shop.now)
    shop.work(HOUR)
    release.refresh_from_db()
    assert "nami" in str(release.note)
    lock.delete()
    shop.work(late)
    release.refresh_from_db()
    assert release.state == state, str(release.note)


def test_it_says_whose_approval_it_waits_for(shop: Shop) -> None:
    release = planned(shop)
    release.refresh_from_db()
    assert "運用責任者" in str(release.note)
    shop.approve()
    shop.work()
    release.refresh_from_db()
    assert not release.note


@pytest.mark.parametrize(("check", "version"), [("true", "v1"), ("false", "")])
def test_nothing_begins_before_its_tests_have_passed(shop: Shop, check: str, version: str) -> None:
    shop.take(BINDINGS.replace('backup = "B001"', f'backup = "B001"\ncheck = ["{check}"]'))
    release = shop.release("v1", to=STAGING)
    underway.look(shop.plan, shop.now)
    # The artefact is made in one step and tested in the next; the loop looks in between.
    StoredArtifact.objects.filter(pk=release.artifact.pk).update(digest="0" * 64)
    underway.look(shop.plan, shop.now)
    release.refresh_from_db()
    assert release.state == Release.State.PLANNED
    StoredArtifact.objects.filter(pk=release.artifact.pk).update(digest="")
    shop.work()
    release.refresh_from_db()
    assert (shop.engines[STAGING].version, release.state == Release.State.FAILED) == (version, not version)


def test_a_version_waits_for_a_rollback_that_was_decided(shop: Shop) -> None:
    """Otherwise the rollback would throw away what came after the version that it undoes."""
    for version in ("v1", "v2"):
        shop.source.add(version) if version != "v1" else None
        shop.stage(version)
        shop.work(11 * MINUTE)
    deployment = shop.plan.deployments[STAGING]
    back = orders.roll_back(deployment, "決済が通らない", shop.order("nami"), shop.now)
    commit = shop.source.add("v3")
    shop.now += SECOND
    orders.order_automatic(shop.plan, deployment, shop.source, commit, "release/3", shop.now)
    shop.work()
    shop.work()
    back.refresh_from_db()
    newest = Release.objects.latest("pk")
    assert back.state == Release.State.DONE
    assert (shop.engines[STAGING].version, newest.former) == ("v3", back.artifact)
    assert newest.began_at is not None
    assert back.served_at is not None
    assert newest.began_at >= back.served_at


def test_a_newer_version_of_a_trigger_takes_the_place_of_an_older_one(shop: Shop) -> None:
    deployment = shop.plan.deployments[STAGING]
    lock = orders.lock(deployment, "棚卸し", shop.giver("nami"), shop.now)
    for version in ("v1", "v2"):
        commit = shop.source.resolve("v1") if version == "v1" else shop.source.add(version)
        orders.order_automatic(shop.plan, deployment, shop.source, commit, f"release/{version}", shop.now)
        shop.work(SECOND)
    lock.delete()
    shop.work()
    states = Release.objects.order_by("pk").values_list("state", flat=True)
    assert list(states) == [Release.State.ABORTED, Release.State.WATCHED]
    assert shop.engines[STAGING].version == "v2"
    told = [each.content for each in LedgerEntry.objects.order_by("sequence")]
    assert [each["note"]["code"] for each in told if each.get("order") == "release-aborted"] == [
        "release.overtaken"
    ]


def test_two_releases_order_their_artefacts_in_one_look(shop: Shop) -> None:
    for version, name in (("v1", STAGING), ("v2", PRODUCTION)):
        commit = shop.source.resolve("v1") if version == "v1" else shop.source.add(version)
        deployment = shop.plan.deployments[name]
        orders.order_automatic(shop.plan, deployment, shop.source, commit, "release/1", shop.now)
    shop.work()
    shop.work(SECOND)
    assert StoredArtifact.objects.exclude(digest="").count() == 2


def test_what_cannot_be_undone_is_not_planned_without_a_backup(shop: Shop) -> None:
    shop.source.add("v2", files=["db/migrations/0002.py"])
    assert not draft(shop.edition, shop.plan, Wish(STAGING, "v2", NOON), home=shop.home, now=NOON).refusals
    PlannedWork.objects.filter(key="B001").delete()
    made = draft(shop.edition, shop.plan, Wish(STAGING, "v2", NOON), home=shop.home, now=NOON)
    assert any("B001" in str(each.said) for each in made.refusals)


def test_bytes_that_the_home_has_removed_are_made_again(shop: Shop) -> None:
    release = planned(shop)
    artifact = Release.objects.get(pk=release.pk).artifact
    place = archive_of(artifact, shop.home)
    stock.clear(shop.plan, shop.home, NOON + timedelta(days=2))
    assert place.exists(), "what a planned release brings stays"
    place.unlink()
    abort(release.pk, "another day", shop.order("ken"), shop.now)
    Release.objects.all().update(served_at=None, state=Release.State.ABORTED)
    stock.clear(shop.plan, shop.home, NOON + timedelta(days=2))
    artifact.refresh_from_db()
    assert artifact.removed_at is not None
    shop.engines[STAGING].kept.clear()
    shop.now += SECOND
    shop.release("v1", to=STAGING)
    shop.work()
    again = StoredArtifact.objects.get(pk=artifact.pk)
    assert (shop.engines[STAGING].version, again.removed_at, place.exists()) == ("v1", None, True)
    assert not DeploymentLock.objects.exists()
