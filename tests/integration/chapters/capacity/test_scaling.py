"""Groups that scale: decided by real samples, done by runs of the ledger."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.integration.chapters.capacity.place import BINDINGS, DOCUMENT, MINUTE, WEB, Herd, Place
from tests.unit.engine.runs.commands.test_command import FakeTurn

from toban.chapters.capacity.models import ScalingLook
from toban.chapters.capacity.operation import OPERATION
from toban.chapters.capacity.scaler import ProviderPolicy
from toban.chapters.capacity.scaling.rules import Outcome
from toban.design.values.metric import Metric
from toban.engine.editions.gate.powers import changes, powers_of
from toban.engine.evidence.models import LedgerEntry
from toban.engine.evidence.verdict import Verdict
from toban.engine.modes.rules import Mode
from toban.engine.operation import running_works
from toban.engine.runs import orders
from toban.engine.runs.models import Run
from toban.engine.runs.rules import RunReason
from toban.engine.runs.work import StepFailed

pytestmark = pytest.mark.django_db

RULE = "CPU使用率70%が30分継続"
BUSY = [85.0] * 31
NAN = float("nan")
POLICY = ProviderPolicy("cpu-70", Metric.CPU_USAGE, 70.0, timedelta(minutes=30), 1)


def outcome() -> Outcome:
    return Outcome(ScalingLook.objects.get().outcome)


def test_a_new_group_is_in_shadow_and_only_records_what_it_would_do(place: Place) -> None:
    place.load(*BUSY)

    place.look()
    place.work()
    place.tell()

    (run,) = place.runs()
    assert run.state == Run.State.SHADOW
    assert place.herd.ordered == []
    assert place.verdict(place.row(RULE)) is Verdict.NOT_MEASURABLE
    assert f"#{run.pk}" in place.said(place.row(RULE))


@pytest.mark.parametrize(
    ("row", "other", "is_power"),
    [
        ("| 2台 | 10台 |", "| 2台 | 1,000台 |", True),
        ("APIサーバー1台追加", "APIサーバー50台追加", True),
        ("CPU使用率70%が30分継続", "CPU使用率60%が30分継続", False),
    ],
)
def test_how_far_a_group_scales_is_a_power_of_the_new_version(
    place: Place, row: str, other: str, *, is_power: bool
) -> None:
    before = powers_of(place.edition, running_works(place.edition, (OPERATION,)))
    place.take(document=DOCUMENT.replace(row, other))
    after = powers_of(place.edition, running_works(place.edition, (OPERATION,)))

    assert [each.at[1] for each in changes(before, after)] == [f"scale/{WEB}"] * is_power


def test_in_act_a_loaded_group_gets_one_more_and_then_cools_down(place: Place) -> None:
    place.mode(Mode.ACT)
    place.load(*BUSY)

    place.look()
    place.work()
    place.tell()

    (run,) = place.runs()
    assert (run.state, run.parameters) == (Run.State.DONE, {"to": "3"})
    assert place.herd.ordered == [3]
    assert place.verdict(place.row(RULE)) is Verdict.CONFORMING
    place.pass_(29 * MINUTE)
    place.load(*[85.0] * 29, instances=("web-1", "web-2", "web-3"))
    place.look()
    assert outcome() is Outcome.COOLING
    place.pass_(2 * MINUTE)
    place.load(*[85.0] * 2, instances=("web-1", "web-2", "web-3"))
    place.look()
    place.work()
    assert place.herd.ordered == [3, 4]


def test_what_was_scaled_is_a_change(place: Place) -> None:
    place.mode(Mode.ACT)
    place.load(*BUSY)
    place.look()
    place.work()

    entry = LedgerEntry.objects.get(content__event="group-scaled")

    assert entry.content == {
        "event": "group-scaled",
        "group": WEB,
        "before": 2,
        "after": 3,
        "run": place.runs()[0].pk,
    }
    assert entry.actor == "trigger"


def test_in_ask_nothing_happens_before_somebody_has_approved(place: Place) -> None:
    place.mode(Mode.ASK)
    place.load(*BUSY)
    place.look()
    place.work()
    place.tell()
    assert place.herd.ordered == []
    assert place.verdict(place.row(RULE)) is Verdict.WARNING

    place.approve()
    place.work()
    place.tell()

    assert place.herd.ordered == [3]
    assert place.verdict(place.row(RULE)) is Verdict.CONFORMING


def test_an_approval_that_comes_when_the_load_has_gone_scales_nothing(place: Place) -> None:
    place.mode(Mode.ASK)
    place.load(*BUSY)
    place.look()
    place.work()
    place.pass_(10 * MINUTE)
    place.load(*[20.0] * 10)

    place.approve()
    place.work()

    (run,) = place.runs()
    assert place.herd.ordered == []
    assert run.state == Run.State.DONE
    assert not LedgerEntry.objects.filter(content__event="group-scaled").exists()


def test_a_group_that_was_made_larger_by_hand_meanwhile_is_not_made_smaller(place: Place) -> None:
    place.mode(Mode.ASK)
    place.load(*BUSY)
    place.look()
    place.work()
    place.herds[WEB] = Herd(5, 5)

    place.approve()
    place.work()

    (run,) = place.runs()
    assert (run.state, run.parameters) == (Run.State.DONE, {"to": "3"})
    assert place.herd.ordered == []
    assert not LedgerEntry.objects.filter(content__event="group-scaled").exists()


def test_nobody_who_answers_is_told_as_not_performed(place: Place) -> None:
    place.mode(Mode.ASK)
    place.load(*BUSY)
    place.look()
    place.work()
    (run,) = place.runs()
    Run.objects.filter(pk=run.pk).update(
        state=Run.State.CANCELLED, reason=RunReason.UNANSWERED, ended_at=place.now
    )
    place.look()

    place.tell()

    assert place.verdict(place.row(RULE)) is Verdict.NOT_PERFORMED


@pytest.mark.parametrize(
    "load", [[85.0] * 20, [85.0] * 20 + [NAN] * 11, [NAN] * 20 + [85.0] * 11, []], ids=str
)
def test_half_the_samples_missing_never_scales(place: Place, load: list[float]) -> None:
    place.mode(Mode.ACT)
    place.load(*load)

    place.look()
    place.work()
    place.tell()

    assert outcome() is Outcome.NO_DATA
    assert place.herd.ordered == []
    assert place.verdict(place.row(RULE)) is Verdict.NOT_MEASURABLE


def test_a_target_that_is_down_is_not_scaled(place: Place) -> None:
    place.mode(Mode.ACT)
    place.load(*BUSY)
    place.down(WEB, "web-2")

    place.look()
    place.work()
    place.tell()

    assert outcome() is Outcome.DOWN
    assert place.herd.ordered == []
    assert f"{WEB} web-2" in place.said(place.row(RULE))


def test_nor_is_one_whose_database_is_down(place: Place) -> None:
    place.take(
        BINDINGS.replace('resource = "Webサーバー台数"', 'resource = "Webサーバー台数"\nneeds = ["DB"]')
    )
    place.mode(Mode.ACT)
    place.load(*BUSY)
    place.down("DB", "db-1")

    place.look()

    assert outcome() is Outcome.DOWN


def test_at_the_documents_limit_none_is_added_and_the_row_deviates(place: Place) -> None:
    place.mode(Mode.ACT)
    place.herds[WEB] = Herd(10, 10)
    place.load(*BUSY, instances=[f"web-{number}" for number in range(10)])

    place.look()
    place.work()
    place.tell()

    assert outcome() is Outcome.AT_LIMIT
    assert place.runs() == []
    assert place.verdict(place.row(RULE)) is Verdict.DEVIATING


def test_a_scaler_that_fails_half_way_is_said_so(place: Place) -> None:
    place.mode(Mode.ACT)
    place.load(*BUSY)
    place.herd.fails = "web-3 did not get healthy; web-1 and web-2 serve"

    place.look()
    place.work()
    place.look()
    place.tell()

    (run,) = place.runs()
    assert run.state == Run.State.FAILED
    assert place.verdict(place.row(RULE)) is Verdict.DEVIATING
    assert "web-3 did not get healthy" in place.said(place.row(RULE))


def test_a_worker_that_ends_in_between_has_not_failed(place: Place) -> None:
    place.herd.fails = "stopped half-way: 2 serve"
    scale = next(each for each in place.works["scale/Webサーバー"].steps if each.name == "scale")
    turn = FakeTurn(parameters={"to": "3"}, results={"look": {"wanted": 2}}, stop=RunReason.STOPPED)

    with pytest.raises(StepFailed) as stopped:
        scale.act(turn)

    assert stopped.value.reason is RunReason.STOPPED


def test_a_worker_killed_in_between_leaves_no_instance_too_many(place: Place) -> None:
    place.mode(Mode.ACT)
    place.load(*BUSY)
    place.herd.dies = True
    place.look()
    with pytest.raises(KeyboardInterrupt):
        place.work()
    assert (place.herd.wanted, place.herd.serving) == (3, 2)

    place.pass_(timedelta(minutes=3))
    place.look()
    place.work()

    (run,) = place.runs()
    assert run.state == Run.State.DONE
    assert place.herd.ordered == [3, 3]
    assert place.herd.wanted == place.herd.serving == 3
    assert LedgerEntry.objects.filter(content__event="group-scaled").count() == 1


def test_two_rules_at_once_scale_once(place: Place) -> None:
    two = DOCUMENT.replace(
        "| ストレージ使用率", "| CPU使用率60%が10分継続 | Webサーバー1台追加 | 自動 |\n| ストレージ使用率"
    )
    place.take(document=two)
    place.mode(Mode.ACT)
    place.load(*BUSY)

    place.look()
    place.work()

    assert len(place.runs()) == 1
    assert place.herd.ordered == [3]
    place.look()
    place.work()
    assert place.herd.ordered == [3]


def test_a_provider_that_scales_too_stops_it_and_the_row_deviates(place: Place) -> None:
    place.mode(Mode.ACT)
    place.load(*BUSY)
    place.herd.theirs = [POLICY]

    place.look()
    place.work()
    place.tell()

    assert place.herd.ordered == []
    assert place.verdict(place.row(RULE)) is Verdict.DEVIATING
    assert "cpu-70" in place.said(place.row(RULE))


def test_nor_does_a_persons_order_scale_beside_the_provider(place: Place) -> None:
    place.herd.theirs = [POLICY]
    orders.order(f"scale/{WEB}", {"to": "3"}, by="nami", now=place.now)

    place.work()

    (run,) = place.runs()
    assert run.state == Run.State.FAILED
    assert place.herd.ordered == []


@pytest.mark.parametrize(
    ("policy", "verdict"),
    [
        (POLICY, Verdict.CONFORMING),
        (ProviderPolicy("cpu-80", Metric.CPU_USAGE, 80.0, timedelta(minutes=30), 1), Verdict.DEVIATING),
        (ProviderPolicy("cpu-5m", Metric.CPU_USAGE, 70.0, timedelta(minutes=5), 1), Verdict.DEVIATING),
        (ProviderPolicy("two", Metric.CPU_USAGE, 70.0, timedelta(minutes=30), 2), Verdict.DEVIATING),
        (ProviderPolicy("target", None, None, None, None), Verdict.DEVIATING),
        (
            ProviderPolicy("off", Metric.CPU_USAGE, 70.0, timedelta(minutes=30), 1, is_active=False),
            Verdict.DEVIATING,
        ),
    ],
    ids=lambda each: each.name if isinstance(each, ProviderPolicy) else "",
)
def test_a_providers_policy_must_say_what_the_row_says(
    place: Place, policy: ProviderPolicy, verdict: Verdict
) -> None:
    place.take(BINDINGS.replace('[scaling."Webサーバー"]', '[scaling."Webサーバー"]\nby = "provider"'))
    place.load(*BUSY)
    place.herd.theirs = [policy]

    place.look()
    place.tell()

    assert f"scale/{WEB}" not in place.works
    assert place.verdict(place.row(RULE)) is verdict


@pytest.mark.parametrize(
    ("bound", "theirs", "verdict"),
    [
        ("10分", timedelta(minutes=10), Verdict.CONFORMING),
        ("10分", timedelta(minutes=5), Verdict.DEVIATING),
        ("10分", None, Verdict.CONFORMING),
        ("", timedelta(minutes=5), Verdict.CONFORMING),
    ],
)
def test_a_cool_down_that_is_bound_holds_for_the_provider_too(
    place: Place, bound: str, theirs: timedelta | None, verdict: Verdict
) -> None:
    more = '\nby = "provider"' + (f'\ncool_down = "{bound}"' if bound else "")
    place.take(BINDINGS.replace('[scaling."Webサーバー"]', f'[scaling."Webサーバー"]{more}'))
    place.load(*BUSY)
    place.herd.theirs = [replace(POLICY, cool_down=theirs)]

    place.look()
    place.tell()

    assert place.verdict(place.row(RULE)) is verdict


def test_a_person_scales_to_any_size_that_the_document_allows(place: Place) -> None:
    for size in ("4", "1"):
        orders.order(f"scale/{WEB}", {"to": size}, by="nami", now=place.now)
        place.work()
        place.pass_(MINUTE)

    assert place.herd.ordered == [4, 1]
    for size in ("11", "2.5", "-1", "０"):
        with pytest.raises(Exception, match=size):
            orders.order(f"scale/{WEB}", {"to": size}, by="nami", now=place.now)


def test_a_group_without_occasion_is_not_due(place: Place) -> None:
    place.mode(Mode.ACT)
    place.load(*[30.0] * 31)

    place.look()
    place.tell()

    assert outcome() is Outcome.CALM
    assert place.verdict(place.row(RULE)) is Verdict.NOT_DUE
