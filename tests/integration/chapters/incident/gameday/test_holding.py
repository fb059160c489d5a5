"""A game day from its first step to its certificate, and what becomes of one that breaks off."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from tests.integration.chapters.incident.gameday.day import (
    DOCUMENT,
    KEY,
    MINUTE,
    NOON,
    ROW,
    SECOND,
    Day,
    bindings,
)

from toban.chapters.incident.gameday import holding, looking, settling
from toban.chapters.incident.gameday.certificate import certificate
from toban.chapters.incident.gameday.permission import why_not
from toban.chapters.incident.gameday.planned import PlannedGameDay
from toban.chapters.incident.models import GameDay, Incident, RemedyUse
from toban.chapters.incident.plan import PlannedRemedy
from toban.design.values.schedule import Cadence
from toban.engine.evidence.certificate import pdf
from toban.engine.evidence.models import LedgerEntry
from toban.engine.notify.models import Alert, Maintenance
from toban.engine.notify.signal import Condition
from toban.engine.paper import NoFont
from toban.engine.runs.models import Run
from toban.engine.runs.rules import RunReason
from toban.engine.runs.work import StepFailed
from toban.message import plain

pytestmark = pytest.mark.django_db

DB_KEY, DB_ROW = "game-day/DBサーバーダウン", "incident/failure-pattern/DBサーバーダウン"


@pytest.fixture
def day(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Day:
    """A game day of a row one of whose remedies is bound."""
    monkeypatch.setattr(holding, "_LOOK", 0.0)
    bound_remedy(monkeypatch)
    return Day(tmp_path)


def bound_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the row's first remedy be bound, of whatever kind."""

    class Bound:
        name = "プロセス再起動"

    def bound(_plan: object, _row: object) -> list[PlannedRemedy]:
        return [Bound()]  # type: ignore[list-item]

    monkeypatch.setattr("toban.chapters.incident.plan.IncidentPlan.remedies_of", bound)


def events() -> list[object]:
    return [each.content.get("event") for each in LedgerEntry.objects.order_by("sequence")]


def test_what_all_have_answered_in_time_is_passed(day: Day) -> None:
    day.do("break")
    assert day.is_broken
    incident = day.answer()

    said = day.do("watch", "restore", "certify")

    found = day.game_day
    assert found.state == GameDay.State.PASSED
    assert str(said) == "Webサーバーダウン: すべて時間内に応じました"
    assert not day.is_broken
    assert found.incident == incident
    assert [(each["part"], each["limit"]) for each in found.checks] == [
        ("alert", 60.0), ("incident", None), ("response", 300.0), ("remedy", None),
        ("recovered", 3600.0), ("report", None),
    ]  # fmt: skip
    assert found.evidence_sequence == LedgerEntry.objects.latest("sequence").sequence
    assert events() == ["game-day-began", "game-day"]


def test_what_answers_while_it_is_watched_ends_the_watch(day: Day, monkeypatch: pytest.MonkeyPatch) -> None:
    day.do("break")
    incident = day.answer()
    over = incident.recovered_at
    Incident.objects.update(recovered_at=None)
    looks = iter(range(60))

    def goes_on(_seconds: float) -> None:
        if next(looks) == 2:
            Incident.objects.update(recovered_at=over)

    monkeypatch.setattr("toban.chapters.incident.gameday.holding.time.sleep", goes_on)

    day.do("watch", "restore", "certify")

    assert day.game_day.state == GameDay.State.PASSED
    assert next(looks) == 3


def test_the_incident_is_marked_as_a_drill_at_once_and_closed_once_it_has_recovered(day: Day) -> None:
    day.do("break")
    incident = day.answer()
    day.do("watch")
    incident.refresh_from_db()
    assert incident.is_drill

    settling.settle(day.plan, day.now, day.clock)
    incident.refresh_from_db()
    assert incident.closed_at is None

    day.do("restore", "certify")
    Run.objects.filter(pk=day.run.pk).update(state=Run.State.DONE)
    settling.settle(day.plan, day.now, day.clock)
    closed = Incident.objects.get(pk=incident.pk)
    assert (closed.closed_at, closed.closed_by) == (day.now, "game-day")


def test_an_incident_that_was_there_before_is_left_alone(day: Day) -> None:
    day.do("break")
    alert = day.alert()
    real = day.incident(alert, detected_at=NOON - MINUTE)
    day.now += day.planned.config.within

    day.do("watch")

    real.refresh_from_db()
    assert not real.is_drill
    assert day.game_day.incident is None


def test_what_does_not_answer_fails_it_and_it_is_mended_all_the_same(day: Day) -> None:
    day.do("break")
    day.incident(day.alert(after=2 * MINUTE))
    day.now += day.planned.config.within

    with pytest.raises(StepFailed, match="対処") as failed:
        day.do("watch", "restore", "certify")

    assert failed.value.reason is RunReason.NOT_RUNNABLE
    assert not day.is_broken
    assert day.game_day.state == GameDay.State.FAILED
    assert "検知 12" in str(day.game_day.said)


def test_a_remedy_in_shadow_is_not_waited_for_and_said(day: Day) -> None:
    day.do("break")
    alert = day.alert()
    day.incident(alert)
    day.remedy(alert, state=Run.State.SHADOW, effect=RemedyUse.Effect.NOT_RUN)
    began = day.now

    with pytest.raises(StepFailed, match="プロセス再起動 は試行中なので、記録しただけです"):
        day.do("watch", "restore", "certify")

    assert day.now - began < MINUTE


def test_a_remedy_that_failed_is_said(day: Day) -> None:
    day.do("break")
    alert = day.alert()
    day.incident(alert)
    day.remedy(alert, state=Run.State.FAILED, effect=RemedyUse.Effect.NO_EFFECT)

    with pytest.raises(StepFailed, match="プロセス再起動 は失敗しました"):
        day.do("watch", "restore", "certify")


def test_without_a_bound_remedy_it_fails_as_soon_as_the_first_parts_have_answered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(holding, "_LOOK", 0.0)
    day = Day(tmp_path)
    day.do("break")
    day.incident(day.alert())

    with pytest.raises(StepFailed, match="この行の対処がどれも接続されていません"):
        day.do("watch", "restore", "certify")


def test_a_step_that_is_repeated_breaks_nothing_again(day: Day) -> None:
    day.do("break")
    broken = day.game_day.times["broken"]
    (day.folder / "broken").unlink()

    day.do("break")

    assert not day.is_broken
    assert day.game_day.times["broken"] == broken
    assert GameDay.objects.count() == 1


def test_a_run_that_is_called_off_is_mended_by_the_loop(day: Day) -> None:
    day.do("break")
    day.turn.stop = RunReason.CANCELLED
    with pytest.raises(StepFailed):
        day.do("watch")
    assert day.is_broken
    settling.settle(day.plan, day.now, day.clock)
    assert day.is_broken

    Run.objects.filter(pk=day.run.pk).update(state=Run.State.CANCELLED, ended_at=day.now)
    settling.settle(day.plan, day.now, day.clock)

    assert not day.is_broken
    assert day.game_day.state == GameDay.State.FAILED
    assert "途中で終わりました" in str(day.game_day.said)


def test_one_that_can_not_be_mended_is_tried_again_and_told_in_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(holding, "_LOOK", 0.0)
    day = Day(tmp_path, bindings(mended="raise SystemExit(3)"))
    day.do("break")
    Run.objects.filter(pk=day.run.pk).update(state=Run.State.FAILED, ended_at=day.now)

    settling.settle(day.plan, day.now, day.clock)
    assert day.game_day.state == GameDay.State.RUNNING

    day.now += timedelta(minutes=11)
    settling.settle(day.plan, day.now, day.clock)
    assert day.game_day.state == GameDay.State.FAILED
    assert "直せませんでした" in str(day.game_day.said)


def test_a_command_that_fails_to_break_ends_the_run_and_what_it_may_have_done_is_mended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(holding, "_LOOK", 0.0)
    code = "import pathlib; pathlib.Path('broken').touch(); raise SystemExit(1)"
    day = Day(tmp_path, bindings(made=code))

    with pytest.raises(StepFailed):
        day.do("break")
    Run.objects.filter(pk=day.run.pk).update(state=Run.State.FAILED, ended_at=day.now)
    settling.settle(day.plan, day.now, day.clock)

    assert not day.is_broken
    assert day.game_day.state == GameDay.State.FAILED


def over(day: Day) -> None:
    """Have the game day of *day* break off, and be mended and concluded by the loop."""
    Run.objects.filter(pk=day.run.pk).update(state=Run.State.FAILED, ended_at=day.now)
    settling.settle(day.plan, day.now, day.clock)
    assert day.game_day.state == GameDay.State.FAILED


def test_a_run_that_is_repeated_after_its_game_day_breaks_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(holding, "_LOOK", 0.0)
    code = "import pathlib; pathlib.Path('broken').touch(); raise SystemExit(1)"
    day = Day(tmp_path, bindings(made=code))
    with pytest.raises(StepFailed):
        day.do("break")
    over(day)

    # Nobody looks any more whether a maintenance, a release or an incident speaks against it.
    with pytest.raises(StepFailed, match="終わっています"):
        day.do("break")

    # Nor would anything mend it if this run broke off as well.
    assert not day.is_broken


def test_a_run_that_is_repeated_after_its_game_day_takes_no_later_incident_for_a_drill(day: Day) -> None:
    day.do("break")
    over(day)
    real = day.incident(day.alert(MINUTE))

    with pytest.raises(StepFailed, match="終わっています"):
        day.do("watch")

    real.refresh_from_db()
    assert not real.is_drill


def test_a_run_that_is_repeated_after_its_game_day_restores_nothing(day: Day) -> None:
    day.do("break")
    over(day)
    (day.folder / "broken").touch()

    with pytest.raises(StepFailed, match="終わっています"):
        day.do("restore")

    assert day.is_broken


def test_commands_are_ended_when_their_time_is_over(tmp_path: Path) -> None:
    written = bindings(made="import time; time.sleep(60)").replace("restore", 'timeout = "1秒"\nrestore', 1)
    day = Day(tmp_path, written)

    with pytest.raises(StepFailed) as failed:
        day.do("break")

    assert failed.value.reason is RunReason.TIMED_OUT


def test_it_is_not_held_during_a_maintenance(day: Day) -> None:
    Maintenance.objects.create(
        author="nami", reason="交換", starts_at=NOON, ends_at=NOON + timedelta(hours=1), targets=[]
    )

    with pytest.raises(StepFailed, match="メンテナンス中") as failed:
        day.do("break")

    assert failed.value.reason is RunReason.NOT_RUNNABLE
    assert not day.is_broken
    assert not GameDay.objects.exists()


@pytest.mark.parametrize("work", ["release/本番環境", "rollback/本番環境"])
def test_it_is_not_held_during_a_release(day: Day, work: str) -> None:
    Run.objects.create(
        work=work, due_at=NOON, clause_id="", document_digest="", ordered_by="kai", wake_at=NOON,
        state=Run.State.RUNNING,
    )  # fmt: skip

    with pytest.raises(StepFailed, match="リリースの途中"):
        day.do("break")


def test_it_is_not_held_while_a_release_would_be_taken_back(
    day: Day, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("toban.chapters.release.running.rollback.watched", lambda _now: plain("v2 を監視中"))

    with pytest.raises(StepFailed, match="v2 を監視中"):
        day.do("break")

    assert not day.is_broken


def test_it_is_not_held_while_an_incident_is_open(day: Day) -> None:
    day.incident(day.alert(resolved_at=NOON))

    with pytest.raises(StepFailed, match="未完了"):
        day.do("break")

    Incident.objects.update(closed_at=NOON)
    day.do("break")
    assert day.is_broken


def test_it_is_not_held_on_top_of_the_failure_itself(day: Day) -> None:
    day.alert(after=-MINUTE)

    with pytest.raises(StepFailed, match="すでに起きています: Webサーバー 死活"):
        day.do("break")


def test_two_are_not_held_at_once(day: Day) -> None:
    GameDay.objects.create(
        pattern="DBサーバーダウン",
        clause_id="x",
        document_digest="x",
        broken_at=NOON,
    )

    refusal = why_not(day.planned, day.now)

    assert refusal is not None
    assert "DBサーバーダウン" in str(refusal.said)


@pytest.mark.parametrize(
    ("labels", "is_shown"),
    [
        ({"target": "Webサーバー", "item": "up"}, True),
        ({"target": "Webサーバー", "item": "cpu_usage_percent"}, False),
        ({"target": "DB", "item": "up"}, False),
        ({"item": "up"}, False),
    ],
)
def test_an_alert_shows_a_failure_by_its_metric_and_its_target(
    day: Day, labels: dict[str, str], is_shown: bool
) -> None:
    assert looking.is_symptom(day.planned.row, day.alert(labels=labels)) is is_shown


def test_an_alert_that_is_a_warning_again_before_it_ends_has_answered_all_the_same(day: Day) -> None:
    day.do("break")
    day.alert(after=SECOND, key="web/up/2", condition=Condition.WARNING)
    day.answer()
    Alert.objects.update(condition=Condition.WARNING)

    day.do("watch", "restore", "certify")

    assert day.game_day.state == GameDay.State.PASSED


def test_an_alert_from_before_is_no_answer(day: Day) -> None:
    day.alert(after=-MINUTE, resolved_at=NOON)
    day.do("break")

    assert looking.symptom_of(day.planned.row, day.game_day.broken_at) is None


def test_by_the_calendar_it_is_held_as_bound(tmp_path: Path) -> None:
    day = Day(tmp_path, bindings('[game_days]\nschedule = "毎月第1水曜 10:00"\n'))

    assert day.work.schedule.cadence is Cadence.MONTHLY
    assert day.work.is_automatic


def test_without_days_it_is_only_held_when_ordered(day: Day) -> None:
    assert day.work.schedule.cadence is Cadence.ON_DEMAND
    assert not day.work.is_automatic


def test_only_failures_of_the_document_are_made(day: Day) -> None:
    found = list(day.plan.game_days.values())

    assert [each.key for each in found] == [KEY]
    assert isinstance(found[0], PlannedGameDay)
    assert found[0].detect_within == MINUTE


def test_the_certificate_has_every_time_beside_its_limit(day: Day) -> None:
    day.do("break")
    day.answer()
    day.do("watch", "restore", "certify")

    made = certificate(day.game_day, day.edition.design, day.edition.bindings.system)

    lines = {str(each.name): (each.mark, str(each.found)) for each in made.checks}
    assert lines["検知"][0] == "○"
    assert lines["検知"][1].endswith("(上限 1分)")
    assert lines["復旧"][1].endswith("(上限 1時間)")
    assert datetime.fromisoformat(day.game_day.times["alert"]) < datetime.fromisoformat(
        day.game_day.times["recovered"]
    )
    try:
        assert pdf(made).startswith(b"%PDF")
    except NoFont:
        pytest.skip("needs a Japanese font")


def test_a_level_in_business_days_ends_with_the_next_business_day(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(holding, "_LOOK", 0.0)
    bound_remedy(monkeypatch)
    found = Day(tmp_path, document=DOCUMENT.replace("即時対応 (1時間以内復旧)", "1営業日以内対応"))
    found.do("break")
    found.answer()
    found.do("watch", "restore", "certify")

    made = certificate(found.game_day, found.edition.design, found.edition.bindings.system)

    lines = {str(each.name): (each.mark, str(each.found)) for each in made.checks}
    # From a second after 21:00 on Wednesday in Tokyo to the end of Thursday: not quite 27 hours.
    assert lines["対応開始"][0] == "○"
    assert lines["対応開始"][1].endswith("(上限 1日2時間)")


def test_what_a_command_says_is_in_the_log_of_the_run(day: Day) -> None:
    day.do("break")

    assert "stopped" in day.turn.said
    assert day.work.clause_id == ROW
    assert day.work.timeout == day.planned.config.within + 2 * day.planned.config.timeout + 300 * SECOND
