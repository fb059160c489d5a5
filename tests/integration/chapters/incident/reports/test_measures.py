"""Measures of each kind, kept and not; what is overdue is told, and a recurrence asks again."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from tests.integration.chapters.incident.reports.scenery import (
    DAY,
    DOCUMENT,
    HOUR,
    NOON,
    Scenery,
    edition_of,
)
from tests.registered import PARTS

from toban.chapters.incident.measures import checking, orders
from toban.chapters.incident.measures.orders import WantedMeasure
from toban.chapters.incident.measures.rules import prevention
from toban.chapters.incident.models import Incident, IncidentReport, PreventionMeasure
from toban.chapters.incident.rows import owing
from toban.chapters.incident.spans import spans_of
from toban.chapters.release.models import Release, StoredArtifact
from toban.design.clauses.incident import IncidentFlow
from toban.engine.changes import recording
from toban.engine.changes.act import ChangeKind
from toban.engine.changes.query import ChangeSearch, found, told
from toban.engine.changes.recorded import RecordedChange
from toban.engine.editions.edition import Edition
from toban.engine.editions.records import record_in_force
from toban.engine.evidence.models import LedgerEntry
from toban.engine.exceptions.models import RowException
from toban.engine.notify.models import Alert
from toban.engine.operation import RowAnswer, rows_of
from toban.engine.orders import NotPossible
from toban.engine.people.models import Operator
from toban.engine.runs.models import Run
from toban.engine.tasks.facts import TaskFact, TaskOccasion

pytestmark = pytest.mark.django_db

Kind = PreventionMeasure.Kind
ROW = "monitoring/monitor/Webサーバー/CPU使用率"


def wanted(kind: PreventionMeasure.Kind, reference: str, due_on: date | None = None) -> WantedMeasure:
    return WantedMeasure(
        "web-1 のメモリを増やす", kind, reference, "開発担当者", due_on or NOON.date() + 5 * DAY
    )


def recorded(
    scenery: Scenery, kind: PreventionMeasure.Kind, reference: str, due_on: date | None = None
) -> PreventionMeasure:
    return orders.record(
        scenery.incident.pk,
        wanted(kind, reference, due_on),
        by="sato",
        edition=scenery.edition,
        now=scenery.now,
    )


def look(scenery: Scenery, measure: PreventionMeasure) -> tuple[bool, str]:
    """Return whether the loop finds *measure* kept, and what it says."""
    checking.watch(scenery.edition, scenery.plan, PARTS.ports, scenery.now)
    measure.refresh_from_db()
    return measure.kept_at is not None, str(measure.proof)


def release(commit: str, **more: object) -> Release:
    artifact = StoredArtifact.objects.create(
        service="shop", commit=commit, label=f"v-{commit[:4]}", ordered_at=NOON
    )
    wanted = {"kind": "regular", "state": "done", "served_at": NOON + HOUR} | more
    return Release.objects.create(
        service="shop",
        environment="本番環境",
        deployment="shop",
        artifact=artifact,
        clause_id="x",
        document_digest="",
        ordered_by="sato",
        planned_at=NOON,
        ordered_at=NOON,
        **wanted,
    )


def test_a_change_is_kept_once_its_commit_serves(scenery: Scenery) -> None:
    commit = "0123456789abcdef0123456789abcdef01234567"
    measure = recorded(scenery, Kind.CHANGE, commit[:8])
    assert look(scenery, measure) == (False, "01234567 のリリースや変更の記録がまだない")

    # Before the incident, and one that was taken back: neither keeps it from coming again.
    release("0123456700000000", served_at=NOON - HOUR)
    release("01234567ffff", state="rolled-back")
    assert look(scenery, measure)[0] is False

    number = release(commit).pk
    assert look(scenery, measure) == (True, f"v-0123 が 本番環境 で稼働(リリース {number})")
    assert measure.kept_at == NOON + HOUR


def test_a_change_that_is_taken_back_is_open_again_unless_it_has_held_for_long(scenery: Scenery) -> None:
    measure = recorded(scenery, Kind.CHANGE, "abcdef0")
    found = release("abcdef0123")
    scenery.pass_(2 * HOUR)
    assert look(scenery, measure)[0] is True

    Release.objects.update(state="rolled-back")
    assert look(scenery, measure)[0] is False

    Release.objects.update(state="done")
    assert look(scenery, measure)[0] is True
    scenery.pass_(31 * DAY)
    found.delete()
    assert look(scenery, measure)[0] is True


@pytest.mark.parametrize("reference", ["1.4.3", "https://github.com/shop/pull/7", "memory"])
def test_a_change_is_kept_by_what_a_pipeline_recorded(scenery: Scenery, reference: str) -> None:
    measure = recorded(scenery, Kind.CHANGE, reference)
    scenery.change("another", version="1.4.2", url="https://github.com/shop/pull/70")
    assert look(scenery, measure)[0] is False

    scenery.pass_(HOUR)
    scenery.change("shop", "Webサーバー", "memory", version="1.4.3", url="https://github.com/shop/pull/7")

    kept, said = look(scenery, measure)
    assert kept
    assert said == f"変更の記録 {LedgerEntry.objects.filter(content__version='1.4.3').get().sequence}"


@pytest.mark.parametrize("by", ["sato", "sato2", "tanaka"])
def test_nobodys_own_word_proves_a_measure_that_they_recorded_or_own(scenery: Scenery, by: str) -> None:
    Operator.objects.filter(username="sato").update(first_name="太郎", last_name="佐藤")
    Operator.objects.create_user("sato2", first_name="太郎", last_name="佐藤")
    owned = replace(wanted(Kind.CHANGE, "memory"), owner="運用責任者")
    measure = orders.record(scenery.incident.pk, owned, by="sato", edition=scenery.edition, now=scenery.now)

    for name, text in (("memory", "about it"), ("Webサーバー", "memory")):
        said = RecordedChange(kind=ChangeKind.OTHER, text=text, about=(name,))
        recording.record(said, by=by, now=scenery.now)
        assert look(scenery, measure)[0] is False
        assert measure.proof.code == "incident-reports.change-recorded-by-themselves"
    scenery.change("memory")
    assert look(scenery, measure)[0] is True


def test_nobody_proves_their_own_measure_by_a_token_that_they_made_in_anothers_name(
    scenery: Scenery,
) -> None:
    measure = recorded(scenery, Kind.CHANGE, "a1b2c3d")
    said = RecordedChange(kind=ChangeKind.RELEASE, text="shop", version="a1b2c3d")
    recording.record(said, by="pipeline", now=scenery.now, token_maker=measure.recorded_by)

    assert look(scenery, measure)[0] is False
    recording.record(said, by="pipeline", now=scenery.now, token_maker="root")
    assert look(scenery, measure)[0] is True


@pytest.mark.parametrize("way", ["token_maker", "shell_user"])
@pytest.mark.parametrize("is_changed", [True, False])
def test_nobody_proves_a_measure_that_they_recorded_in_anothers_name(
    scenery: Scenery, way: str, is_changed: bool
) -> None:
    Operator.objects.get_or_create(username="jiro")
    edition, now, behind = scenery.edition, scenery.now, {way: "jiro"}
    measure = orders.record(
        scenery.incident.pk, wanted(Kind.CHANGE, "1.4.3" if is_changed else "memory"), by="sato",
        edition=edition, now=now, **({} if is_changed else behind),
    )  # fmt: skip
    if is_changed:
        orders.change(
            measure.pk, wanted(Kind.CHANGE, "memory"), by="sato", edition=edition, now=now, **behind
        )
    recording.record(RecordedChange(kind=ChangeKind.OTHER, text="memory"), by="jiro", now=now)

    assert look(scenery, measure)[0] is False


def test_whoever_names_another_proof_of_a_measure_does_not_give_it(scenery: Scenery) -> None:
    measure = recorded(scenery, Kind.CHANGE, "1.4.3")
    orders.change(
        measure.pk, wanted(Kind.CHANGE, "memory"), by="tanaka", edition=scenery.edition, now=scenery.now
    )
    said = RecordedChange(kind=ChangeKind.OTHER, text="memory")
    recording.record(said, by="tanaka", now=scenery.now)

    assert look(scenery, measure)[0] is False


def test_a_row_is_kept_once_it_is_new_or_says_something_else(scenery: Scenery) -> None:
    record_in_force(None, scenery.edition, rows, NOON - HOUR)
    measure = recorded(scenery, Kind.ROW, ROW)
    kept, said = look(scenery, measure)
    assert (kept, "変わっていない" in said) == (False, True)

    other = edition_of(
        DOCUMENT.replace("| Webサーバー | CPU使用率 | 0-60%", "| Webサーバー | CPU使用率 | 0-50%")
    )
    scenery.pass_(HOUR)
    record_in_force(scenery.edition, other, rows, scenery.now)
    scenery.edition = other
    kept, said = look(scenery, measure)
    assert (kept, "証跡" in said) == (True, True)

    # A row that leaves the document again protects nothing.
    scenery.edition = edition_of(
        DOCUMENT.replace("| Webサーバー | CPU使用率 |", "| Webサーバー | メモリ使用率 |")
    )
    scenery.pass_(HOUR)
    assert look(scenery, measure) == (False, f"行 {ROW} は有効な文書にない")
    events = LedgerEntry.objects.filter(content__event__startswith="measure").order_by("sequence")
    assert [each.content["event"] for each in events] == ["measure-kept", "measure-not-kept"]


def rows(edition: Edition) -> Mapping[str, RowAnswer]:
    return rows_of(edition, PARTS.operations)


def test_a_batch_is_kept_once_it_has_succeeded_since(scenery: Scenery) -> None:
    scenery.run("batch/整理", Run.State.DONE, at=NOON - HOUR)
    measure = recorded(scenery, Kind.BATCH, "batch/整理")
    scenery.run("batch/整理", Run.State.FAILED, at=NOON + HOUR)
    assert look(scenery, measure) == (False, "batch/整理 はまだ成功していない")

    run = scenery.run("batch/整理", Run.State.DONE, at=NOON + 2 * HOUR)

    assert look(scenery, measure) == (True, f"batch/整理 が成功(実行 {run.pk})")


def test_an_exception_is_kept_while_it_is_in_force(scenery: Scenery) -> None:
    allowed = RowException.objects.create(
        clause_id=ROW,
        clause_text="x",
        citation="x",
        reason="交換待ち",
        author_name="sato",
        asked_at=NOON,
        ends_at=NOON + 10 * DAY,
    )
    measure = recorded(scenery, Kind.EXCEPTION, str(allowed.pk), NOON.date() + 20 * DAY)
    assert look(scenery, measure) == (False, f"例外 {allowed.pk} は承認されていない")

    RowException.objects.update(granted_at=NOON)
    assert look(scenery, measure) == (True, f"例外 {allowed.pk} が 2026-04-16 まで有効")

    scenery.pass_(10 * DAY)
    assert look(scenery, measure) == (False, f"例外 {allowed.pk} は終了した(期限 2026-04-16)")


def test_a_measure_that_is_overdue_is_told_until_it_is_kept_or_withdrawn(scenery: Scenery) -> None:
    measure = recorded(scenery, Kind.CHANGE, "abcdef0", NOON.date())
    look(scenery, measure)
    assert not Alert.objects.exists()

    scenery.pass_(DAY)
    for _ in range(2):
        look(scenery, measure)
    alert = Alert.objects.get()
    assert (str(alert.subject), alert.people) == (
        f"障害 {scenery.incident.pk} の再発防止策: web-1 のメモリを増やす",
        ["開発担当者", "運用責任者"],
    )
    assert alert.clause_id == scenery.edition.design.of(IncidentFlow)[0].id

    orders.withdraw(measure.pk, "別の対策にした", by="sato", now=scenery.now)
    look(scenery, measure)
    alert.refresh_from_db()
    assert alert.resolved_at == scenery.now
    assert str(alert.value) == "別の対策にした"


def test_a_measure_is_changed_with_its_former_words_in_the_evidence(scenery: Scenery) -> None:
    measure = recorded(scenery, Kind.CHANGE, "abcdef0")
    PreventionMeasure.objects.update(kept_at=NOON)

    changed = orders.change(
        measure.pk, wanted(Kind.ROW, ROW), by="tanaka", edition=scenery.edition, now=scenery.now
    )

    assert (changed.kind, changed.kept_at) == (Kind.ROW, None)
    content = LedgerEntry.objects.get(content__order="change-measure").content
    assert (content["before"]["reference"], content["reference"]) == ("abcdef0", ROW)
    about = found(ChangeSearch(about=(f"incident/{scenery.incident.pk}",)))
    assert [str(each.facts.said) for each in told(about)] == [
        f"障害 {scenery.incident.pk} の再発防止策を変更: web-1 のメモリを増やす",
        f"障害 {scenery.incident.pk} の再発防止策を登録: web-1 のメモリを増やす",
    ]


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        (WantedMeasure(" ", Kind.CHANGE, "abc", "開発担当者", NOON.date()), "measure-incomplete"),
        (WantedMeasure("x", Kind.CHANGE, " ", "開発担当者", NOON.date()), "measure-incomplete"),
        (WantedMeasure("x" * 1_001, Kind.CHANGE, "abc", "開発担当者", NOON.date()), "text-too-long"),
        (WantedMeasure("x", Kind.CHANGE, "abc", "誰か", NOON.date()), "no-such-owner"),
        (WantedMeasure("x", Kind.CHANGE, "abc", "開発担当者", NOON.date() - DAY), "due-out-of-range"),
        (WantedMeasure("x", Kind.BATCH, "batch/なし", "開発担当者", NOON.date()), "no-such-work"),
        (WantedMeasure("x", Kind.EXCEPTION, "7", "開発担当者", NOON.date()), "no-such-exception"),
        (WantedMeasure("x", Kind.ROW, "CPU", "開発担当者", NOON.date()), "no-such-row"),
    ],
)
def test_a_measure_that_nothing_could_prove_is_refused(
    scenery: Scenery, wrong: WantedMeasure, code: str
) -> None:
    with pytest.raises(NotPossible) as caught:
        orders.record(scenery.incident.pk, wrong, by="sato", edition=scenery.edition, now=scenery.now)

    assert caught.value.said.code == f"incident-reports.{code}"


def test_a_withdrawn_measure_takes_a_reason_and_no_further_orders(scenery: Scenery) -> None:
    measure = recorded(scenery, Kind.CHANGE, "abcdef0")
    with pytest.raises(NotPossible):
        orders.withdraw(measure.pk, " ", by="sato", now=scenery.now)
    orders.withdraw(measure.pk, "不要", by="sato", now=scenery.now)

    with pytest.raises(NotPossible):
        orders.withdraw(measure.pk, "もう一度", by="sato", now=scenery.now)


def test_a_recurrence_asks_again_until_a_measure_is_recorded_after_it(scenery: Scenery) -> None:
    scenery.recover()
    recorded(scenery, Kind.CHANGE, "abcdef0", NOON.date() + 60 * DAY)
    scenery.pass_(12 * DAY)
    first = scenery.incident
    assert str(checking.recurrence_of(first).said(scenery.now)) == "12 日 再発なし"

    second = Scenery(scenery.edition).incident
    Incident.objects.filter(pk=second.pk).update(recurs=first, detected_at=scenery.now, began_at=scenery.now)
    checking.watch(scenery.edition, scenery.plan, PARTS.ports, scenery.now)
    alert = Alert.objects.get(key=f"incident/recurred/{first.pk}")
    assert str(checking.recurrence_of(first).said(scenery.now)) == "復旧から 12 日で再発(計 1 回)"

    scenery.pass_(HOUR)
    orders.record(
        second.pk,
        wanted(Kind.CHANGE, "1234567", scenery.now.date() + DAY),
        by="sato",
        edition=scenery.edition,
        now=scenery.now,
    )
    checking.watch(scenery.edition, scenery.plan, PARTS.ports, scenery.now)
    alert.refresh_from_db()
    assert alert.resolved_at == scenery.now


def test_a_task_shows_how_report_and_measures_stand(scenery: Scenery) -> None:
    scenery.recover()
    flow = scenery.edition.design.of(IncidentFlow)[0]
    occasion = TaskOccasion(
        scenery.edition, flow, NOON, NOON + DAY, {owing.INCIDENT: str(scenery.incident.pk)}
    )

    def stand(at: datetime) -> Sequence[TaskFact]:
        # After what the incident was, and when.
        return owing.facts(occasion, at)[3:]

    assert [(str(each.value), each.is_exception) for each in stand(NOON + DAY)] == [
        ("なし", True),
        ("登録なし", True),
        ("1 日 再発なし", False),
    ]

    recorded(scenery, Kind.CHANGE, "abcdef0")
    IncidentReport.objects.create(
        incident=scenery.incident, kind="final", state="approved", version=1, drafted_at=NOON
    )
    assert [each.is_exception for each in stand(NOON + DAY)] == [False, False, False]
    assert [each.is_exception for each in stand(NOON + 9 * DAY)] == [False, True, False]
    assert owing.facts(TaskOccasion(scenery.edition, flow, NOON, NOON), NOON) == ()


def test_what_chapter_13_asks_is_read_from_the_tables(scenery: Scenery) -> None:
    Incident.objects.update(closed_at=NOON)
    number = scenery.incident.pk
    Scenery(scenery.edition)
    Incident.objects.exclude(pk=number).update(is_drill=True, closed_at=NOON)
    assert prevention(checking.debts(NOON, scenery.edition)).unproven == (number,)

    measure = recorded(scenery, Kind.CHANGE, "abcdef0", NOON.date())
    IncidentReport.objects.create(
        incident=scenery.incident, kind="final", state="approved", version=1, drafted_at=NOON
    )
    assert prevention(checking.debts(NOON, scenery.edition)) == prevention([])
    assert prevention(checking.debts(NOON + DAY, scenery.edition)).overdue == (number,)
    PreventionMeasure.objects.filter(pk=measure.pk).update(kept_at=NOON)
    assert prevention(checking.debts(NOON + DAY, scenery.edition)).overdue == ()


def test_incidents_of_a_time_are_read_for_figures(scenery: Scenery) -> None:
    scenery.pass_(timedelta(minutes=5))
    scenery.recover()

    (span,) = spans_of(scenery.plan, NOON, NOON + DAY)
    assert (span.level, span.to_recovery, span.counts) == ("Critical", timedelta(minutes=5), True)
    assert spans_of(scenery.plan, NOON - DAY, NOON) == []
