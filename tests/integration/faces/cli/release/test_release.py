"""`toban release`: what would be released, the orders, how far they are; their exit statuses."""

import json

import pytest
from click.testing import CliRunner, Result
from tests.integration.chapters.release.conftest import shop
from tests.integration.chapters.release.shop import PRODUCTION, STAGING, Shop
from tests.registered import PARTS

from toban.chapters.release.models import DeploymentLock, Release
from toban.chapters.release.rows.looking import Looks
from toban.engine.approvals.models import ApprovalAnswer, ApprovalRequest
from toban.engine.clock import system_clock
from toban.faces.cli.release import release

pytestmark = pytest.mark.django_db
__all__ = ["shop"]

CAUSE = ("--for", "障害 #12")
NAMI, KEN, EVE = (("--as", name, "--yes") for name in ("nami", "ken", "eve"))


def toban(*arguments: str, answer: str = "") -> Result:
    return CliRunner().invoke(release.command, arguments, obj=PARTS, input=answer)


@pytest.fixture(autouse=True)
def kept(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(release, "edition_of", lambda _parts: shop.edition)
    shop.now = system_clock()
    shop.stage("v1")


def planned(*more: str) -> Release:
    result = toban("start", PRODUCTION, *CAUSE, *KEN, *more)
    assert result.exit_code == 0, result.output
    return Release.objects.latest("pk")


def served(shop: Shop, *versions: str) -> None:
    """Have each version go to production by the commands."""
    for version in versions:
        if version != "v1":
            shop.source.add(version)
            shop.now = system_clock()
            shop.stage(version)
        found = planned("--version", version)
        shop.now = system_clock()
        shop.work()
        result = toban("approve", str(found.pk), *NAMI)
        assert result.exit_code == 0, result.output
        shop.now = system_clock()
        shop.work()
    assert shop.serves == versions[-1]


def test_a_dry_run_says_as_json_what_would_be_released_and_plans_nothing() -> None:
    result = toban("plan", PRODUCTION, *CAUSE, "--dry-run", "--format", "json")

    told = json.loads(result.output)
    assert result.exit_code == 0
    assert (told["version"], told["kind"], told["refusals"]) == ("v1", "patch", [])
    assert [each["subject"] for each in told["commits"]] == ["v1"]
    assert not Release.objects.filter(deployment=PRODUCTION).exists()


def test_a_dry_run_says_what_stands_against_it() -> None:
    result = toban("plan", STAGING, "--dry-run")

    assert result.exit_code == 0
    assert "✕ v1" in result.output
    assert "承認する役割: —" in result.output
    assert toban("plan", STAGING, *KEN).exit_code == 1
    assert Release.objects.count() == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("plan", "nowhere"), "nowhere"),
        (("plan", PRODUCTION, "--version", "v9"), "no v9"),
        (("start", PRODUCTION), "リリーススケジュール"),
        (("start", PRODUCTION, "--for", "急ぎ"), "障害"),
        (("abort", "99", "--reason", "x"), "99"),
        (("approve", "99"), "99"),
        (("approve", "1"), "1"),
        (("rollback", PRODUCTION, "--reason", "x"), PRODUCTION),
        (("unlock", STAGING), STAGING),
        (("status", "99"), "99"),
    ],
)
def test_what_is_not_possible_ends_with_status_1_and_the_reason(
    arguments: tuple[str, ...], said: str
) -> None:
    has_no_account = ("status",)
    has_no_question = ("unlock",)
    options = () if arguments[0] in has_no_account else KEN[:2] if arguments[0] in has_no_question else KEN
    result = toban(*arguments, *options)

    assert result.exit_code == 1, result.output
    assert said in result.stderr
    assert Release.objects.count() == 1


def test_nobody_is_asked_twice_and_no_is_an_answer() -> None:
    declined = toban("start", PRODUCTION, *CAUSE, "--as", "ken", answer="n\n")

    assert declined.exit_code == 1
    assert "v1" in declined.output
    assert not Release.objects.filter(deployment=PRODUCTION).exists()
    assert toban("start", PRODUCTION, *CAUSE, "--as", "ken", answer="y\n").exit_code == 0
    assert Release.objects.filter(deployment=PRODUCTION).count() == 1


def test_a_viewer_and_an_unknown_account_order_nothing() -> None:
    for options in (EVE, ("--as", "nobody", "--yes")):
        assert toban("start", PRODUCTION, *CAUSE, *options).exit_code == 1
        assert toban("rollback", STAGING, "--reason", "x", *options).exit_code == 1
    assert toban("lock", STAGING, "--reason", "x", *EVE[:2]).exit_code == 1
    assert Release.objects.count() == 1
    assert not DeploymentLock.objects.exists()


def test_a_time_that_is_none_is_an_error_of_the_command() -> None:
    assert toban("plan", PRODUCTION, "--at", "soon", *KEN).exit_code == 2
    assert toban("rollback", PRODUCTION, "--reason", "x", "--detected", "soon", *KEN).exit_code == 2


def test_the_role_approves_what_it_is_shown_and_its_orderer_does_not(shop: Shop) -> None:
    found = planned()
    shop.now = system_clock()
    shop.work()

    own = toban("approve", str(found.pk), *KEN)
    given = toban("approve", str(found.pk), "--note", "確認した", *NAMI)

    assert own.exit_code == 1
    assert given.exit_code == 0
    assert "v1" in given.output
    answer = ApprovalAnswer.objects.get()
    assert (answer.username, answer.note, answer.via) == ("nami", "確認した", "shell")
    again = toban("approve", str(found.pk), *NAMI)
    assert again.exit_code == 1


def test_what_can_not_be_undone_is_not_approved_here(shop: Shop) -> None:
    shop.source.add("v2", files=["db/migrate/2.sql"])
    shop.now = system_clock()
    found = shop.release("v2", to=STAGING)
    shop.work()

    assert toban("approve", str(found.pk), *NAMI).exit_code == 1
    assert ApprovalRequest.objects.get().state == "open"


def test_the_status_names_what_serves_locks_and_the_newest_releases(shop: Shop) -> None:
    served(shop, "v1")
    locked = toban("lock", STAGING, "--reason", "棚卸し", *KEN[:2])
    assert locked.exit_code == 0
    assert toban("lock", STAGING, "--reason", "もう一度", *KEN[:2]).exit_code == 1

    text, told = toban("status"), json.loads(toban("status", "--format", "json").output)

    assert f"● {PRODUCTION}  v1" in text.output
    assert "棚卸し" in text.output
    assert told["serving"] == {STAGING: "v1", PRODUCTION: "v1"}
    assert [each["reason"] for each in told["locks"]] == ["棚卸し"]
    assert [each["state"] for each in told["releases"]] == ["watched", "watched"]
    assert toban("unlock", STAGING, *KEN[:2]).exit_code == 0
    assert not DeploymentLock.objects.exists()


def test_one_release_is_shown_whole(shop: Shop) -> None:
    served(shop, "v1")
    number = Release.objects.latest("pk").pk

    text, told = (
        toban("status", str(number)),
        json.loads(toban("status", str(number), "--format", "json").output),
    )

    assert "reviewed by nami" in text.output
    assert "toban runs" in text.output
    assert (told["release"], told["ordered_by"], told["decision_to_serving"] is not None) == (
        number,
        "ken",
        True,
    )


def test_a_release_is_called_off_once() -> None:
    found = planned()
    order = ("abort", str(found.pk), "--reason", "別の日に", *KEN)

    assert toban(*order).exit_code == 0
    assert toban(*order).exit_code == 1
    found.refresh_from_db()
    assert found.state == Release.State.ABORTED
    assert "別の日に" in str(found.note)


def test_going_back_names_no_version(shop: Shop) -> None:
    served(shop, "v1", "v2")

    asked = toban("rollback", PRODUCTION, "--reason", "購入できない", *KEN)
    assert asked.exit_code == 0
    back = Release.objects.latest("pk")
    assert (back.artifact.label, back.decided_at) == ("v1", None)
    assert toban("abort", str(back.pk), "--reason", "責任者が指示", *NAMI).exit_code == 0
    decided = toban(
        "rollback", PRODUCTION, "--reason", "購入できない", "--detected", "2026-11-28 10:00", *NAMI
    )

    assert decided.exit_code == 0
    shop.now = system_clock()
    shop.work()
    assert shop.serves == "v1"
    assert Release.objects.latest("pk").detected_at is not None


def test_whoever_answers_late_does_not_go_back_once_more(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    served(shop, "v1", "v2", "v3")

    def another_is_faster(_question: object) -> None:
        assert toban("rollback", PRODUCTION, "--reason", "購入できない", *NAMI).exit_code == 0
        shop.now = system_clock()
        shop.work()

    monkeypatch.setattr("toban.faces.cli.release.release.confirm", another_is_faster)
    late = toban("rollback", PRODUCTION, "--reason", "購入できない", "--as", "ken")

    assert shop.serves == "v2"
    assert late.exit_code == 1
    assert "別の版が稼働しました" in late.output
    assert Release.objects.filter(kind=Release.Kind.ROLLBACK).count() == 1


def test_following_ends_with_how_it_ended(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """The looks of --follow stand for the time in which a worker does what is due."""

    def works(_seconds: float) -> None:
        shop.now = system_clock()
        shop.work()

    monkeypatch.setattr("toban.faces.cli.release.followed.time.sleep", works)
    shop.source.add("v2")
    well = toban("start", STAGING, "--version", "v2", *KEN, "--follow")
    shop.source.add("v3")
    shop.engines[STAGING].fails = "switch"
    badly = toban("start", STAGING, "--version", "v3", *KEN, "--follow")

    assert (well.exit_code, badly.exit_code) == (0, 3)
    assert "v2" in well.output
    assert "no space left on web-1" in badly.output


def test_the_status_says_what_no_release_has_brought(shop: Shop) -> None:
    served(shop, "v1")
    assert "■" not in toban("status").output
    shop.engines[PRODUCTION].serves = "by hand"
    Looks().look(shop.plan, shop.now)
    assert "■ どのリリースにもない版が動いています (web-1" in toban("status").output
