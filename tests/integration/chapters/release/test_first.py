"""The version that an environment begins with."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from tests.integration.chapters.release.shop import BINDINGS, MINUTE, PRODUCTION, STAGING, Shop

from toban.chapters.release.models import Release, SourceLook
from toban.chapters.release.ordering import first
from toban.chapters.release.source import FIRST_COMMITS
from toban.engine.approvals.models import ApprovalRequest
from toban.engine.orders import NotPossible
from toban.message import Message

pytestmark = pytest.mark.django_db

BOUND = "\n".join(
    f'{line}\nfirst = "v1"' if line.startswith("[deployments.") and "health" not in line else line
    for line in BINDINGS.replace('kind = "test"\n[deployments', 'kind = "test"\n\n[deployments').splitlines()
)


def begin(shop: Shop) -> None:
    """Let the loop look once the source has answered, and do what follows."""
    told = {"asked_at": shop.now, "answered_at": shop.now}
    SourceLook.objects.get_or_create(service="shop", defaults=told)
    first.look(shop.plan, shop.home, shop.now)
    shop.work()


def test_nothing_begins_before_the_source_has_answered(shop: Shop) -> None:
    shop.take(BOUND)
    SourceLook.objects.create(service="shop", asked_at=shop.now)

    begin(shop)

    assert not Release.objects.exists()


def test_an_environment_that_needs_no_approval_begins_with_it(shop: Shop) -> None:
    shop.take(BOUND)

    begin(shop)
    begin(shop)

    release = Release.objects.get(deployment=STAGING)
    assert (release.kind, release.state) == (Release.Kind.FIRST, Release.State.WATCHED)
    assert shop.engines[STAGING].version == "v1"


def test_nothing_reaches_production_without_approval(shop: Shop) -> None:
    shop.take(BOUND)

    begin(shop)

    assert shop.serves == ""
    assert ApprovalRequest.objects.get().role == "運用責任者"


def test_who_wrote_the_first_version_does_not_approve_it(shop: Shop) -> None:
    shop.take(BOUND.replace('account = "nami"', 'account = "mio"'))

    begin(shop)
    with pytest.raises(NotPossible) as refused:
        shop.approve("mio")

    assert refused.value.said.code == "approvals.own-order"
    shop.work()
    assert shop.serves == ""


@pytest.mark.parametrize(
    "part",
    [
        {"committer": "Nami <nami@example.com>"},
        {"trailers": {"co-authored-by": ("Nami <nami@example.com>",)}},
    ],
    ids=["committer", "co-author"],
)
def test_who_had_a_part_in_a_commit_does_not_approve_its_release(shop: Shop, part: Mapping[str, Any]) -> None:
    shop.take(BOUND)
    shop.source.log[-1] = replace(shop.source.log[-1], **part)

    begin(shop)
    with pytest.raises(NotPossible) as refused:
        shop.approve("nami")

    assert refused.value.said.code == "approvals.own-order"


@pytest.mark.parametrize(("commits", "people"), [(FIRST_COMMITS - 1, 1), (FIRST_COMMITS, 2)])
@pytest.mark.parametrize("kind", [Release.Kind.FIRST, Release.Kind.REGULAR])
def test_who_wrote_what_is_not_looked_at_counts_as_unknown(
    shop: Shop, kind: Release.Kind, commits: int, people: int
) -> None:
    shop.source.log.clear()
    shop.source.add("v0", author="Nami <nami@example.com>")
    for number in range(1, commits):
        shop.source.add(f"v{number}", author="Ken <ken@example.com>")
    newest = f"v{commits - 1}"
    if kind is Release.Kind.FIRST:
        shop.take(BOUND.replace('"v1"', f'"{newest}"'))
        begin(shop)
    else:
        shop.stage(newest)
        shop.release(newest)
        shop.work()

    request = ApprovalRequest.objects.get()

    assert Release.objects.get(pk=request.subject.partition("/")[2]).kind == kind
    assert request.people == people
    assert ("release.others-unknown" in [value.code for _label, value in request.facts_said()]) is (
        people > 1
    )


def test_an_order_while_the_first_version_is_taken_over_says_to_wait(shop: Shop) -> None:
    shop.take(BOUND)
    told = {"asked_at": shop.now, "answered_at": shop.now}
    SourceLook.objects.create(service="shop", **told)
    first.look(shop.plan, shop.home, shop.now)
    opened = Release.objects.get(deployment=STAGING)

    with pytest.raises(NotPossible) as refused:
        shop.release("v1", to=STAGING)

    assert (refused.value.said.code, refused.value.said.values["number"]) == (
        "release.first-is-open",
        opened.pk,
    )
    assert refused.value.hint.code == "release.wait-for-first"
    shop.work()
    shop.source.add("v2")
    assert shop.release("v2", to=STAGING).kind == Release.Kind.REGULAR


def test_an_order_while_the_first_version_waits_for_approval_says_so(shop: Shop) -> None:
    shop.take(BOUND)
    begin(shop)
    shop.source.add("v2")
    shop.work(MINUTE)
    shop.stage("v2")
    opened = Release.objects.get(deployment=PRODUCTION)

    with pytest.raises(NotPossible) as refused:
        shop.release("v2")

    assert refused.value.said.code == "release.first-is-open"
    assert refused.value.hint == Message("release.approve-it", number=opened.pk)


def test_what_production_serves_already_is_taken_over_and_can_be_gone_back_to(shop: Shop) -> None:
    shop.take(BOUND)
    begin(shop)
    staged = Release.objects.get(deployment=STAGING).artifact
    Release.objects.filter(deployment=PRODUCTION).delete()
    engine = shop.engines[PRODUCTION]
    engine.kept, engine.serves = {staged.digest: "v1"}, staged.digest

    begin(shop)
    assert not ApprovalRequest.objects.filter(subject=f"release/{Release.objects.latest('pk').pk}").exists()
    shop.source.add("v2")
    shop.work(MINUTE)
    shop.stage("v2")
    shop.release("v2")
    shop.work()
    shop.approve()
    shop.work()
    served = shop.serves
    shop.ill["v2"] = "answers 500"
    for _ in range(3):
        shop.work()
    shop.work()

    assert (served, shop.serves) == ("v2", "v1")


def test_other_bytes_than_what_serves_need_approval(shop: Shop) -> None:
    shop.take(BOUND)
    shop.engines[PRODUCTION].serves = "other"

    begin(shop)

    assert shop.engines[PRODUCTION].acts == []
    assert Release.objects.get(deployment=PRODUCTION).state == Release.State.PLANNED
