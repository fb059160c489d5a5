"""Remedies: wanted by alerts, done by runs of the ledger, and their effect measured."""

from dataclasses import replace

import pytest
from tests.integration.chapters.incident.remedies.mended import (
    API,
    DB,
    DB_RESTART,
    FAILOVER,
    MINUTE,
    NOON,
    RESTART,
    ROLLBACK,
    SECOND,
    WEB,
    Mended,
    bound,
    notes,
    noting,
)

from toban.chapters.incident.models import Incident, IncidentAlert, RemedyUse
from toban.design.clauses.monitoring import Monitor
from toban.engine.approvals.models import ApprovalRequest
from toban.engine.evidence import status
from toban.engine.evidence.models import LedgerEntry
from toban.engine.evidence.status import StatusUpdate
from toban.engine.evidence.verdict import Verdict
from toban.engine.modes.rules import Mode
from toban.engine.notify.models import Alert, Maintenance
from toban.engine.notify.routing.muting import Causes, OpenAlert
from toban.engine.notify.signal import WHOLE_TARGET, Condition
from toban.engine.orders import NotPossible
from toban.engine.runs import orders
from toban.engine.runs.models import Run
from toban.engine.runs.rules import RunReason
from toban.message import plain

pytestmark = pytest.mark.django_db

DOWN, DB_DOWN = "Webサーバーダウン", "DBサーバーダウン"


def test_a_new_remedy_is_in_shadow_and_only_records_what_it_would_do(mended: Mended) -> None:
    mended.take(noting(mended))
    mended.report(WEB, "up", Condition.CRITICAL)

    mended.go()
    mended.go()

    (run,) = mended.runs()
    assert run.state == Run.State.SHADOW
    assert notes(mended) == []
    assert mended.uses() == [(RESTART, "not-run")]
    assert mended.verdict(DOWN) is Verdict.NOT_MEASURABLE
    assert mended.told(DOWN, WEB) is None


def test_in_ask_the_rehearsal_is_seen_first_and_nothing_is_done_before_somebody_approves(
    mended: Mended,
) -> None:
    rehearsal = ["sh", "-c", "echo would restart nginx"]
    mended.take(noting(mended, mode="ask", rehearsal=rehearsal))
    mended.report(WEB, "up", Condition.CRITICAL)

    mended.go()

    (run,) = mended.runs()
    assert run.reason == RunReason.AWAITING_APPROVAL
    assert any("would restart nginx" in str(line.text) for line in run.log.all())
    assert notes(mended) == []
    assert mended.verdict(DOWN) is Verdict.WARNING
    mended.approve()
    mended.go()
    assert notes(mended) == [RESTART]
    assert mended.uses() == [(RESTART, "pending")]
    assert mended.verdict(DOWN) is Verdict.CONFORMING


def test_an_approval_that_comes_when_the_alert_is_over_does_nothing(mended: Mended) -> None:
    mended.take(noting(mended, mode="ask"))
    mended.report(WEB, "up", Condition.CRITICAL)
    mended.go()
    mended.report(WEB, "up", Condition.OK)

    mended.approve()
    mended.go()

    (run,) = mended.runs()
    assert run.state == Run.State.DONE
    assert notes(mended) == []
    assert mended.uses() == [(RESTART, "not-run")]
    assert not LedgerEntry.objects.filter(content__event="remedy-applied").exists()


@pytest.mark.parametrize("mode", [Mode.ASK, Mode.ACT, Mode.SHADOW])
def test_a_failover_asks_in_every_mode(mended: Mended, mode: Mode) -> None:
    text = noting(mended, FAILOVER, kind="failover", mode=mode.value)
    mended.take(text)
    if mode is not Mode.SHADOW:
        with pytest.raises(NotPossible):
            mended.mode(Mode.ACT, FAILOVER)
    mended.report(DB, "up", Condition.CRITICAL)

    mended.go()

    assert notes(mended) == []
    (run,) = mended.runs(FAILOVER)
    expected = "shadow" if mode is Mode.SHADOW else "awaiting-approval"
    assert run.reason == expected
    if mode is Mode.SHADOW:
        return
    request = ApprovalRequest.objects.get()
    assert (request.part, request.is_irreversible) == ("apply", True)
    mended.approve()
    mended.work()
    assert notes(mended) == [FAILOVER]


def test_a_person_who_orders_a_failover_asks_too_and_a_rehearsal_asks_nobody(mended: Mended) -> None:
    mended.take(noting(mended, FAILOVER, kind="failover"))
    account = mended.giver().account

    orders.order(f"remedy/{FAILOVER}", {"dry_run": "yes"}, by="nami", now=mended.now, account=account)
    mended.work()
    mended.pass_(SECOND)
    orders.order(f"remedy/{FAILOVER}", {}, by="nami", now=mended.now, account=account)
    mended.work()

    rehearsed, asked = mended.runs(FAILOVER)
    assert rehearsed.state == Run.State.DONE
    assert "確かめただけです" in str(rehearsed.note)
    assert asked.reason == RunReason.AWAITING_APPROVAL
    assert notes(mended) == []


def test_a_rehearsal_changes_nothing_and_records_nothing(mended: Mended) -> None:
    mended.take(noting(mended, mode="act", rehearsal=["sh", "-c", "echo would restart $0", "{target}"]))

    orders.order(f"remedy/{RESTART}", {"dry_run": "yes"}, by="nami", now=mended.now)
    mended.work()

    (run,) = mended.runs()
    assert run.state == Run.State.DONE
    assert f"would restart {WEB}" in str(run.note)
    assert notes(mended) == []
    assert not LedgerEntry.objects.filter(content__event="remedy-applied").exists()


def test_a_remedy_without_effect_is_followed_by_the_next_of_the_row_and_then_by_people(
    mended: Mended,
) -> None:
    mended.take(
        noting(mended, DB_RESTART, mode="act") + noting(mended, FAILOVER, kind="failover", mode="act")
    )
    mended.report(DB, "up", Condition.CRITICAL)
    mended.go()
    mended.pass_(9 * MINUTE)
    mended.go()
    assert mended.uses() == [(DB_RESTART, "pending")]

    mended.pass_(MINUTE)
    mended.go()
    assert mended.uses() == [(DB_RESTART, "no-effect"), (FAILOVER, "pending")]
    assert mended.told(DB_DOWN, DB) is None
    mended.approve()
    mended.go()
    assert notes(mended) == [DB_RESTART, FAILOVER]
    mended.pass_(10 * MINUTE)
    mended.go()

    assert mended.uses() == [(DB_RESTART, "no-effect"), (FAILOVER, "no-effect")]
    told = mended.told(DB_DOWN, DB)
    assert told is not None
    assert (told.condition, told.people) == (Condition.CRITICAL, ["運用責任者"])
    assert mended.verdict(DB_DOWN) is Verdict.DEVIATING
    mended.report(DB, "up", Condition.OK)
    mended.go()
    assert mended.told(DB_DOWN, DB) is None


@pytest.mark.parametrize(("minutes", "verdict"), [(59, Verdict.CONFORMING), (61, Verdict.DEVIATING)], ids=str)
def test_an_alert_that_ends_after_the_limit_of_its_incidents_level_deviates(
    mended: Mended, minutes: int, verdict: Verdict
) -> None:
    mended.take(noting(mended, mode="act", effect_within="3時間"))
    alert = mended.report(WEB, "up", Condition.CRITICAL)
    mended.go()
    incident = Incident.objects.create(
        origin=Incident.Origin.ALERT,
        level="Critical",
        document_digest="",
        began_at=NOON,
        detected_at=NOON,
        recover_by=NOON + 60 * MINUTE,
        updated_at=NOON,
    )
    assert alert is not None
    IncidentAlert.objects.create(incident=incident, alert=alert, joined_at=NOON)
    mended.turn()
    mended.now = NOON + minutes * MINUTE
    mended.report(WEB, "up", Condition.OK)
    mended.turn()

    use = RemedyUse.objects.get()
    assert (use.effect, use.incident) == ("recovered", incident)
    assert mended.verdict(DOWN) is verdict


def test_that_the_target_is_down_does_not_hold_the_call_back(mended: Mended) -> None:
    mended.take(bound("false", mode="act"))
    mended.report(WEB, "up", Condition.CRITICAL, **{WHOLE_TARGET: "yes"})

    mended.go()

    told = mended.told(DOWN, WEB)
    assert told is not None
    down, call = (
        OpenAlert(each.key, each.subject, Condition(each.condition), each.labels)
        for each in Alert.objects.filter(resolved_at=None).order_by("pk")
    )
    assert Causes([down, call]).of(call, {}) is None
    same = replace(call, labels={"target": WEB, "item": "error_rate_percent"})
    assert Causes([down, call]).of(same, {}) == down


def test_a_remedy_that_makes_it_worse_is_not_done_again(mended: Mended) -> None:
    mended.take(noting(mended, mode="act"))
    mended.report(WEB, "up", Condition.CRITICAL)
    mended.go()
    mended.pass_(MINUTE)
    mended.report(DB, "up", Condition.CRITICAL)
    Alert.objects.filter(labels__target=DB).update(labels={"target": WEB, "item": "cpu", "instance": "x"})
    mended.pass_(9 * MINUTE)
    mended.go()

    assert mended.uses() == [(RESTART, "worse")]
    assert mended.told(DOWN, WEB) is not None
    assert mended.verdict(DOWN) is Verdict.DEVIATING
    mended.report(WEB, "up", Condition.OK)
    mended.pass_(2 * MINUTE)
    mended.report(WEB, "up", Condition.CRITICAL)
    mended.go()
    assert notes(mended) == [RESTART]
    assert mended.uses() == [(RESTART, "worse"), (RESTART, "not-run")]


def test_an_alert_that_becomes_critical_after_it_made_it_worse(mended: Mended) -> None:
    name = "キャッシュ有効化"
    mended.take(noting(mended, name, mode="act", act_from="warning"))
    mended.report(API, "response_time_ms", Condition.WARNING)
    mended.go()
    mended.pass_(MINUTE)
    mended.report(API, "response_time_ms", Condition.CRITICAL)

    mended.turn()

    assert mended.uses() == [(name, "worse")]


def test_a_warning_is_not_mended_unless_the_binding_says_so(mended: Mended) -> None:
    mended.take(noting(mended, "キャッシュ有効化", mode="act"))
    mended.report(API, "response_time_ms", Condition.WARNING)
    mended.go()
    assert notes(mended) == []

    mended.report(API, "response_time_ms", Condition.CRITICAL)
    mended.go()
    assert notes(mended) == ["キャッシュ有効化"]


def test_the_same_remedy_twice_within_an_hour_calls_people_and_a_third_time_is_held_back(
    mended: Mended,
) -> None:
    mended.take(noting(mended, mode="act"))
    for number in (1, 2):
        mended.report(WEB, "up", Condition.CRITICAL)
        mended.go()
        mended.pass_(MINUTE)
        mended.report(WEB, "up", Condition.OK)
        mended.go()
        assert (mended.told(DOWN, WEB) is not None) is (number == 2)
        mended.pass_(10 * MINUTE)

    mended.report(WEB, "up", Condition.CRITICAL)
    mended.go()

    assert notes(mended) == [RESTART] * 2
    assert mended.uses() == [(RESTART, "recovered")] * 2 + [(RESTART, "not-run")]
    told = mended.told(DOWN, WEB)
    assert told is not None
    assert "1 時間にすでに 2 回" in str(told.value)
    mended.report(WEB, "up", Condition.OK)
    mended.pass_(60 * MINUTE)
    mended.go()
    assert mended.told(DOWN, WEB) is None
    mended.report(WEB, "up", Condition.CRITICAL)
    mended.go()
    assert notes(mended) == [RESTART] * 3


def test_a_command_that_fails_leaves_it_to_people_and_is_not_repeated(mended: Mended) -> None:
    mended.take(bound("sh", "-c", "echo no such unit; exit 5", mode="act"))
    mended.report(WEB, "up", Condition.CRITICAL)

    mended.go()
    mended.go()

    (run,) = mended.runs()
    assert run.state == Run.State.FAILED
    assert mended.uses() == [(RESTART, "no-effect")]
    assert mended.told(DOWN, WEB) is not None


def test_a_command_that_is_not_there_was_not_done(mended: Mended) -> None:
    mended.take(bound("no-such-command", mode="act"))
    mended.report(WEB, "up", Condition.CRITICAL)

    mended.go()
    mended.go()

    assert mended.uses() == [(RESTART, "not-run")]
    told = mended.told(DOWN, WEB)
    assert told is not None
    assert "no-such-command" in str(told.value)


def test_a_target_of_which_nothing_is_measured_any_more_is_down(mended: Mended) -> None:
    mended.take(noting(mended, DB_RESTART, mode="act"))
    running = [
        StatusUpdate(row.id, Verdict.CONFORMING, plain("…"), plain("…"), mended.now)
        for row in mended.edition.design.of(Monitor)
    ]
    status.show(running, mended.now, "")
    whole = {WHOLE_TARGET: "yes"}
    mended.report(DB, "up", Condition.NO_DATA, **whole)
    mended.go()
    assert mended.uses() == []

    mended.report(DB, "disk_usage_percent", Condition.NO_DATA, **whole)
    mended.go()

    assert notes(mended) == [DB_RESTART]


def test_nothing_is_done_about_a_value_that_is_not_measured_now(mended: Mended) -> None:
    mended.take(noting(mended, mode="act"))
    mended.report(WEB, "up", Condition.CRITICAL)
    mended.report(WEB, "up", Condition.NO_DATA)

    mended.go()
    assert mended.uses() == []

    mended.report(WEB, "up", Condition.CRITICAL)
    mended.go()
    assert notes(mended) == [RESTART]


def test_nothing_is_done_in_maintenance(mended: Mended) -> None:
    mended.take(noting(mended, mode="act"))
    end = mended.now + 30 * MINUTE
    Maintenance.objects.create(author="nami", reason="交換", targets=[WEB], starts_at=mended.now, ends_at=end)
    mended.report(WEB, "up", Condition.CRITICAL)
    mended.go()
    assert mended.uses() == []

    mended.pass_(30 * MINUTE)
    mended.go()
    assert notes(mended) == [RESTART]


def test_what_runs_on_something_that_is_down_waits_for_that(mended: Mended) -> None:
    mended.take(
        noting(mended, mode="act")
        + f'''
[targets."{WEB}"]
runs_on = "{DB}"
sources = [{{ kind = "tcp", address = "127.0.0.1:9" }}]
'''
    )
    mended.report(DB, "up", Condition.CRITICAL, **{WHOLE_TARGET: "yes"})
    mended.report(WEB, "up", Condition.CRITICAL)
    mended.go()
    assert [use.target for use in RemedyUse.objects.all() if use.target == WEB] == []

    mended.report(DB, "up", Condition.OK)
    mended.go()
    assert notes(mended) == [RESTART]


def test_what_a_cause_has_done_is_not_mended_while_its_figures_linger(mended: Mended) -> None:
    mended.take(
        noting(mended, ROLLBACK, mode="act", target=API)
        + f'''
[targets."{API}"]
runs_on = "{DB}"
sources = [{{ kind = "tcp", address = "127.0.0.1:9" }}]
'''
    )
    mended.report(DB, "up", Condition.CRITICAL, **{WHOLE_TARGET: "yes"})
    mended.report(API, "error_rate_percent", Condition.CRITICAL)
    mended.go()
    mended.report(DB, "up", Condition.OK)
    mended.pass_(4 * MINUTE)
    mended.go()
    assert notes(mended) == []

    mended.pass_(2 * MINUTE)
    mended.go()
    assert notes(mended) == [ROLLBACK]


def test_each_instance_is_mended_for_itself_where_the_binding_says_so(mended: Mended) -> None:
    command = ("sh", "-c", f"echo $0 >> {mended.folder}/notes", "{instance}")
    mended.take(bound(*command, mode="act", each_instance=True))
    for instance in ("web-1", "web-2"):
        mended.report(WEB, "up", Condition.CRITICAL, instance)

    mended.go()
    mended.go()

    assert notes(mended) == ["web-1", "web-2"]


def test_a_remedy_of_the_whole_target_is_done_once_for_all_its_instances(mended: Mended) -> None:
    mended.take(noting(mended, mode="act"))
    for instance in ("web-1", "web-2"):
        mended.report(WEB, "up", Condition.CRITICAL, instance)

    mended.go()
    mended.go()

    assert notes(mended) == [RESTART]


def test_an_instance_that_nobody_names_is_asked_for(mended: Mended) -> None:
    mended.take(bound("echo", "{instance}", mode="act"))

    orders.order(f"remedy/{RESTART}", {}, by="nami", now=mended.now)
    mended.work()

    (run,) = mended.runs()
    assert run.state == Run.State.FAILED
    assert "--set instance=NAME" in str(run.note)


def test_a_worker_killed_in_between_finishes_what_it_began_and_records_it_once(mended: Mended) -> None:
    mended.take(noting(mended, mode="act"))
    mended.report(WEB, "up", Condition.CRITICAL)
    mended.turn()
    work = mended.works[f"remedy/{RESTART}"]
    record = work.steps[2]

    def dies(turn: object) -> object:
        record.act(turn)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    mended.works[work.key] = replace(work, steps=(*work.steps[:2], replace(record, act=dies)))
    with pytest.raises(KeyboardInterrupt):
        mended.work()
    mended.works[work.key] = work
    mended.pass_(3 * MINUTE)
    mended.work()

    (run,) = mended.runs()
    assert run.state == Run.State.DONE
    assert notes(mended) == [RESTART]
    assert LedgerEntry.objects.filter(content__event="remedy-applied").count() == 1
