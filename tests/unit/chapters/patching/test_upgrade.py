"""What is chosen, what stays, what an approval is for; windows, jobs, and the verdict."""

from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from toban.chapters.patching.hosts.health import Settling
from toban.chapters.patching.hosts.scripts import JobLook, JobState, read_follow
from toban.chapters.patching.judging import LastPatches, PatchState, judge
from toban.chapters.patching.upgrade import (
    Choice,
    HostLook,
    HostPlan,
    PatchPlan,
    Simulation,
    Stage,
    Upgrade,
    choose,
    exceeds,
    host_plan,
    restarts_host,
    short_of,
    unplanned,
    why_not,
)
from toban.chapters.patching.windows import bound_spans, common, is_open, next_start
from toban.design.calendar import BusinessCalendar
from toban.design.values.schedule import read_schedule
from toban.engine.evidence.verdict import Verdict
from toban.engine.modes.rules import Mode, word
from toban.message import NOTHING, Message, plain

TOKYO = ZoneInfo("Asia/Tokyo")
TUESDAY = datetime(2026, 12, 8, 22, tzinfo=TOKYO)
HOUR = timedelta(hours=1)
CURL, NGINX = Upgrade("curl", "1.0", "1.1"), Upgrade("nginx", "1.0", "1.1")
ZONE = Upgrade("tzdata", "1", "2", is_security=False)
PLAN = HostPlan("web-1", "web", Stage.PRODUCTION, (CURL, NGINX))


def test_only_security_fixes_are_chosen_unless_all_are_wanted() -> None:
    look = HostLook((CURL, ZONE))

    assert choose(look, (), only_security=True) == Choice((CURL,), ())
    assert choose(look, (), only_security=False) == Choice((CURL, ZONE), ())


@pytest.mark.parametrize(("keep", "held"), [(("ngin*",), ()), ((), ("nginx",)), (("nginx",), ("nginx",))])
def test_what_a_release_froze_or_the_host_holds_stays(keep: tuple[str, ...], held: tuple[str, ...]) -> None:
    assert choose(HostLook((CURL, NGINX), held), keep, only_security=True) == Choice((CURL,), (NGINX,))


def test_a_fix_that_nobody_keeps_back_and_that_stays_all_the_same_is_blocked() -> None:
    look = HostLook((), ("nginx",), kept_back=(CURL, NGINX, ZONE))

    assert choose(look, (), only_security=True).blocked == (CURL,)
    assert choose(look, (), only_security=False).blocked == (CURL, ZONE)
    assert choose(look, ("curl",), only_security=True).blocked == ()


def test_an_order_is_not_given_if_the_host_would_do_something_else() -> None:
    choice = Choice((CURL,), (NGINX,))

    assert not why_not(Simulation((CURL,)), choice, ("nginx",))
    assert why_not(Simulation((CURL,), ("exim4",)), choice, ()).code == "patching.would-remove"
    assert why_not(Simulation((CURL, NGINX)), choice, ("nginx",)).code == "patching.would-change-frozen"
    assert why_not(Simulation(()), choice, ()).code == "patching.would-leave-out"


def test_what_has_been_installed_meanwhile_is_no_other_plan_but_what_is_new_is() -> None:
    assert unplanned(Simulation((NGINX,)), PLAN) == ()
    assert unplanned(Simulation((CURL, ZONE)), PLAN) == ("tzdata 1 → 2",)
    assert unplanned(Simulation((replace(CURL, new="1.2"),)), PLAN) == ("curl 1.0 → 1.2",)
    assert unplanned(Simulation((), ("exim4",)), PLAN) == ("exim4",)


def test_only_what_was_not_approved_needs_a_new_approval() -> None:
    assert not exceeds(PLAN, PLAN)
    assert not exceeds(replace(PLAN, upgrades=(CURL,)), PLAN)
    assert not exceeds(replace(PLAN, upgrades=(replace(CURL, old="1.0.5"),)), PLAN)
    assert not exceeds(PLAN, replace(PLAN, needs_reboot=True, restarts=("cron.service",)))
    for more in (
        {"upgrades": (replace(CURL, new="1.2"), NGINX)},
        {"upgrades": (CURL, NGINX, ZONE)},
        {"needs_reboot": True},
        {"restarts": ("cron.service",)},
        {"unfinished": "openssl"},
    ):
        assert exceeds(replace(PLAN, **more), PLAN), more
    assert exceeds(PLAN, replace(PLAN, trouble=plain("away")))


def test_what_is_missing_or_in_another_version_is_short() -> None:
    assert short_of({"curl": "1.1", "nginx": "1.1"}, PLAN) == ()
    assert short_of({"curl": "1.1", "nginx": "1.0"}, PLAN) == ("nginx",)
    assert short_of({"curl": "1.1"}, PLAN) == ("nginx",)


def test_a_plan_is_read_back_as_it_was_and_each_version_is_part_of_its_digest() -> None:
    plan = PatchPlan((PLAN, replace(PLAN, host="web-2", trouble=plain("away"))))

    assert PatchPlan.read({"hosts": [each.as_json() for each in plan.hosts]}) == plan
    assert host_plan(PLAN.as_json()) == PLAN
    assert [each.host for each in plan.needed] == ["web-1"]
    other = replace(PLAN, upgrades=(CURL, replace(NGINX, new="1.2")))
    assert PatchPlan((other,)).digest != PatchPlan((PLAN,)).digest


@pytest.mark.parametrize(
    ("name", "restarts"),
    [("linux-image-6.1.0-28-amd64", True), ("kernel-core", True), ("intel-microcode", True), ("curl", False)],
)
def test_a_kernel_needs_a_restart(name: str, restarts: bool) -> None:
    assert restarts_host([Upgrade(name, "", "1")]) is restarts


def windows(written: str) -> list[tuple[datetime, datetime]]:
    schedule = read_schedule(written)
    assert schedule is not None
    return list(
        bound_spans(schedule, (TUESDAY - HOUR * 24, TUESDAY + HOUR * 24 * 40), TOKYO, BusinessCalendar())
    )


def test_a_window_is_open_from_its_start_until_there_is_no_room_left() -> None:
    spans = windows("毎月第2火曜日 22:00-24:00")

    assert is_open(spans, TUESDAY, HOUR)
    assert not is_open(spans, TUESDAY - timedelta(seconds=1), HOUR)
    assert is_open(spans, TUESDAY + HOUR - timedelta(seconds=1), HOUR)
    assert not is_open(spans, TUESDAY + HOUR, HOUR)
    assert next_start(spans, TUESDAY) == datetime(2027, 1, 12, 22, tzinfo=TOKYO)
    assert next_start([], TUESDAY) is None


def test_in_a_window_shorter_than_an_upgrade_may_take_its_first_half_counts() -> None:
    spans = windows("毎月第2火曜日 22:00-22:30")

    assert is_open(spans, TUESDAY + timedelta(minutes=14), HOUR)
    assert not is_open(spans, TUESDAY + timedelta(minutes=15), HOUR)


def test_a_window_with_room_for_it_is_not_open_while_its_end_would_lie_outside() -> None:
    spans = windows("毎月第2火曜日 22:00-24:00")
    needs = timedelta(minutes=90)

    assert is_open(spans, TUESDAY + timedelta(minutes=29), needs)
    assert not is_open(spans, TUESDAY + timedelta(minutes=30), needs)
    assert is_open(spans, TUESDAY + timedelta(minutes=59), 2 * HOUR)
    assert not is_open(spans, TUESDAY + HOUR, 2 * HOUR)


def test_hosts_of_several_targets_may_be_changed_when_all_of_them_may() -> None:
    one, other = (TUESDAY, TUESDAY + 2 * HOUR), (TUESDAY + HOUR, TUESDAY + 3 * HOUR)

    assert common([[one], [other]]) == [(TUESDAY + HOUR, TUESDAY + 2 * HOUR)]
    assert common([[one], []]) == []
    assert common([]) == []


@pytest.mark.parametrize(
    ("written", "seen"),
    [
        ("running\nGet:1\nUnpack", JobLook(JobState.RUNNING, 1, ["Get:1"])),
        ("running\n", JobLook(JobState.RUNNING, 1, [])),
        (
            "running\n(Reading 5%\r(Reading 100%\rUnpacking\x0cone\n",
            JobLook(JobState.RUNNING, 1, ["Unpacking\x0cone"]),
        ),
        ("ended 0\nlast", JobLook(JobState.ENDED, 0, ["last"])),
        ("ended 100\n", JobLook(JobState.ENDED, 100, [])),
        ("broken\n", JobLook(JobState.BROKEN, 1, [])),
        ("lost\n", JobLook(JobState.LOST, 1, [])),
        ("", JobLook(JobState.LOST, 1, [])),
    ],
)
def test_a_job_says_how_it_stands_and_a_half_written_line_waits(written: str, seen: JobLook) -> None:
    assert read_follow(written) == seen


def last(**more: object) -> LastPatches:
    values = {"run": 1, "at": TUESDAY, "said": plain("said"), "has_succeeded": True, "has_begun": True}
    return LastPatches(**{**values, **more})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("state", "verdict"),
    [
        (PatchState(None, Mode.ASK), Verdict.NOT_DUE),
        (PatchState(None, Mode.ASK, plain("waits for approval")), Verdict.NOT_DUE),
        (PatchState(last(), Mode.ASK), Verdict.CONFORMING),
        (PatchState(last(unseen=("web-9",)), Mode.ASK), Verdict.NOT_DUE),
        (PatchState(last(unrated={"web-1": ["extras"]}), Mode.ASK), Verdict.NOT_MEASURABLE),
        (
            PatchState(last(unrated={"web-1": ["extras"]}, unseen=("web-9",)), Mode.ASK),
            Verdict.NOT_MEASURABLE,
        ),
        (PatchState(last(unrated={"web-1": ["extras"]}, has_succeeded=False), Mode.ASK), Verdict.DEVIATING),
        (PatchState(last(has_succeeded=False), Mode.ASK), Verdict.DEVIATING),
        (PatchState(last(has_succeeded=False, unseen=("web-9",)), Mode.ASK), Verdict.DEVIATING),
        (PatchState(last(has_succeeded=False, has_begun=False), Mode.ASK), Verdict.NOT_PERFORMED),
        (PatchState(None, Mode.SHADOW, shadowed_at=TUESDAY), Verdict.NOT_PERFORMED),
        (PatchState(last(at=TUESDAY - HOUR), Mode.SHADOW, shadowed_at=TUESDAY), Verdict.NOT_PERFORMED),
        (PatchState(last(at=TUESDAY + HOUR), Mode.SHADOW, shadowed_at=TUESDAY), Verdict.CONFORMING),
    ],
)
def test_the_verdict_is_that_of_the_last_run_and_shadow_performs_nothing(
    state: PatchState, verdict: Verdict
) -> None:
    judged = judge(state)

    assert judged.verdict is verdict
    assert (judged.value == word(Mode.SHADOW)) is (state.mode is Mode.SHADOW)


def test_a_host_is_settled_after_enough_good_looks_in_a_row_that_last_long_enough() -> None:
    quick, slow, well, unwell = timedelta(0), timedelta(seconds=10), NOTHING, plain("503")

    def settled(steady_for: timedelta, *looks: tuple[Message, float]) -> list[bool]:
        settling = Settling(steady_for)
        return [settling.is_settled(why, at) for why, at in looks]

    assert settled(quick, (well, 0), (well, 1), (well, 2)) == [False, False, True]
    assert settled(quick, (well, 0), (well, 1), (unwell, 2), (well, 3)) == [False] * 4
    assert settled(slow, (well, 0), (well, 1), (well, 9.9), (well, 10)) == [False, False, False, True]
    assert settled(slow, (unwell, 0), (well, 5), (well, 10), (well, 14.9)) == [False] * 4
