"""Reports of a real incident: drafted by itself, completed by people, approved, and closed to changes."""

import pytest
from tests.integration.chapters.incident.reports.scenery import (
    DOCUMENT,
    HOUR,
    MINUTE,
    NOON,
    Scenery,
    edition_of,
)
from tests.integration.chapters.incident.reports.test_timeline import whole_story
from tests.registered import PARTS

from toban.chapters.incident.models import Incident, IncidentReport, PreventionMeasure
from toban.chapters.incident.reports import approval, orders, watching
from toban.chapters.incident.reports.content import ReportAudience, ReportQuestion
from toban.chapters.incident.reports.draft import ReportPart, WrittenReport, written
from toban.chapters.incident.timeline.kinds import EntryKind
from toban.engine.approvals import answering
from toban.engine.approvals.answering import AnswerOrder
from toban.engine.approvals.models import ApprovalRequest
from toban.engine.approvals.port import APPROVAL_EFFECTS
from toban.engine.approvals.requests import live_request
from toban.engine.evidence import ledger
from toban.engine.evidence.models import LedgerEntry
from toban.engine.notify.signal import Condition
from toban.engine.orders import NotPossible

pytestmark = pytest.mark.django_db

FINAL, PRELIMINARY = IncidentReport.Kind.FINAL, IncidentReport.Kind.PRELIMINARY
State = IncidentReport.State
ANSWERS = {each: f"{each}の答え" for each in ("impact", "cause", "interim", "permanent")}


def over(scenery: Scenery) -> IncidentReport:
    """Let the incident pass, and have its report drafted by the loop."""
    whole_story(scenery)
    scenery.gather()
    watching.watch(scenery.desk, scenery.now)
    return scenery.report()


def complete(scenery: Scenery) -> IncidentReport:
    """Have a measure recorded, the report drafted again, and all questions answered by sato."""
    over(scenery)
    PreventionMeasure.objects.create(
        incident=scenery.incident,
        words="web-1 のメモリを増やす",
        kind=PreventionMeasure.Kind.CHANGE,
        reference="abc1234",
        owner="開発担当者",
        due_on=NOON.date(),
        recorded_at=scenery.now,
        recorded_by="sato",
    )
    drafted = orders.draft(
        scenery.incident.pk, FINAL, scenery.desk, by=scenery.giver("sato"), now=scenery.now
    )
    return orders.answer(drafted.pk, ANSWERS, by=scenery.giver("sato"), now=scenery.now)


def asked(scenery: Scenery) -> IncidentReport:
    found = complete(scenery)
    approval.ask(found.pk, scenery.plan, by=scenery.giver("kimura"), now=scenery.now)
    return found


def answer(scenery: Scenery, report: IncidentReport, by: str = "tanaka", note: str = "") -> AnswerOrder:
    request = live_request(f"incident-report/{report.pk}")
    assert request is not None
    return AnswerOrder(request.pk, request.digest, scenery.giver(by), scenery.edition, note)


def approve(scenery: Scenery, report: IncidentReport, by: str = "tanaka") -> ApprovalRequest:
    effects = PARTS.ports.all(APPROVAL_EFFECTS)
    return answering.approve(answer(scenery, report, by), effects, scenery.now)


def read(report: IncidentReport, audience: ReportAudience = ReportAudience.INTERNAL) -> WrittenReport:
    report.refresh_from_db()
    return written(orders.draft_of(report), audience, "ja")


def part(report: WrittenReport, wanted: ReportPart) -> list[tuple[str, str, str]]:
    (found,) = (each for each in report.parts if each.part is wanted)
    return [(each.label, each.text, each.proof) for each in found.lines]


def test_a_report_is_drafted_from_evidence_with_nothing_typed(scenery: Scenery) -> None:
    report = over(scenery)

    alert, run = scenery.incident.joined.get().alert_id, scenery.incident.remedies.get().run_id
    entry = LedgerEntry.objects.filter(content__order="draft-report", content__kind="final").get().sequence
    found = read(report)
    assert part(found, ReportPart.SUBJECT) == [("", "web-1 が停止(Critical)", "")]
    assert part(found, ReportPart.TIMES)[:6] == [
        ("発生", "2026-04-06 11:59:00", f"アラート {alert}"),
        ("検知", "2026-04-06 12:00:00", f"アラート {alert}"),
        ("対応開始", "2026-04-06 12:02:00", f"アラート {alert}"),
        ("復旧", "2026-04-06 12:05:00", f"アラート {alert}"),
        ("検知から対応開始まで", "2分 (期限 2026-04-06 12:05:00 を遵守)", f"アラート {alert}"),
        ("検知から復旧まで", "5分 (期限 2026-04-06 13:00:00 を遵守)", f"アラート {alert}"),
    ]
    assert ("対応者", "sato", f"障害 {scenery.incident.pk}") in part(found, ReportPart.TIMES)
    # Nothing measures requests and users here: that is said, and no number is made up.
    impact = part(found, ReportPart.IMPACT)
    assert [each for each in impact if each[2] == f"証跡 {entry}"] == []
    assert [(label, text.partition(" ")[0]) for label, text, _proof in impact[2:]] == [
        ("失敗したリクエスト", "測定していない"),
        ("影響を受けた利用者", "測定していない"),
        ("エラーバジェットの消費", "測定していない"),
    ]
    assert part(found, ReportPart.INTERIM) == [
        ("プロセス再起動(Webサーバー)", "40 秒後に復旧", f"実行 {run}")
    ]
    assert [text for _at, text, _proof in part(found, ReportPart.COURSE)][:3] == [
        "リリース: shop 1.4.2 (ci)",
        "Webサーバー 死活 が異常",
        "障害レベル Critical: 全台停止",
    ]
    assert {each.part for each in found.parts if each.asks} == {
        ReportPart.IMPACT,
        ReportPart.CAUSE,
        ReportPart.PERMANENT,
        ReportPart.PREVENTION,
    }


def test_customers_read_neither_names_nor_machines(scenery: Scenery) -> None:
    report = complete(scenery)
    orders.answer(
        report.pk,
        {"cause": "佐藤太郎 (sato) が web-1 (10.0.3.7) の設定を変えた。田中花子が承認"},
        by=scenery.giver("sato"),
        now=scenery.now,
    )

    found = read(report, ReportAudience.EXTERNAL)
    texts = "\n".join(f"{line.label} {line.text} {line.proof}" for each in found.parts for line in each.lines)
    for name in ("佐藤", "田中", "sato", "tanaka", "web-1", "10.0.3.7", "ci)"):
        assert name not in texts
    assert "の設定を変えた" in texts
    assert part(found, ReportPart.SUBJECT) == [("", "Webサーバー の障害(Critical)", "")]


def test_each_kind_is_drafted_once_by_the_loop_and_again_if_the_incident_went_on(scenery: Scenery) -> None:
    alert = scenery.fire()
    watching.watch(scenery.desk, scenery.now)
    assert not IncidentReport.objects.exists()

    scenery.pass_(MINUTE)
    scenery.acknowledge(alert)
    for _ in range(2):
        watching.watch(scenery.desk, scenery.now)
    assert [each.kind for each in IncidentReport.objects.all()] == [PRELIMINARY]

    scenery.pass_(MINUTE)
    scenery.recover()
    for _ in range(2):
        watching.watch(scenery.desk, scenery.now)
    first = scenery.report()
    assert first.drafted_at == scenery.now

    scenery.pass_(MINUTE)
    scenery.recover()
    watching.watch(scenery.desk, scenery.now)
    again = scenery.report()
    assert (again.pk, again.version, again.drafted_at) == (first.pk, 1, scenery.now)


def test_a_final_report_is_not_asked_for_while_something_is_open(scenery: Scenery) -> None:
    report = over(scenery)

    with pytest.raises(NotPossible) as caught:
        approval.ask(report.pk, scenery.plan, by=scenery.giver("sato"), now=scenery.now)

    assert str(caught.value.said) == (
        "まだ書かれていない項目: 利用者にできなかったこと、原因、恒久対応、再発防止策(期限と担当)"
    )
    assert scenery.report().state == State.DRAFT


def test_a_preliminary_report_may_leave_things_open(scenery: Scenery) -> None:
    over(scenery)
    first = scenery.report(PRELIMINARY)

    asked_for = approval.ask(first.pk, scenery.plan, by=scenery.giver("sato"), now=scenery.now)

    assert asked_for.role == "運用責任者"


def test_the_operations_manager_approves_what_others_wrote(scenery: Scenery) -> None:
    report = asked(scenery)
    with pytest.raises(NotPossible):
        approve(scenery, report, "sato")
    approve(scenery, report)

    report.refresh_from_db()
    assert (report.state, report.approved_by, report.approved_at) == (
        State.APPROVED,
        "運用責任者",
        scenery.now,
    )
    assert report.digest == orders.draft_of(report).digest
    ordered = LedgerEntry.objects.filter(kind=LedgerEntry.Kind.AUDIT).order_by("sequence")
    told = [each.content.get("order") for each in ordered if "report" in each.content]
    assert told[-4:] == ["draft-report", "answer-report", "ask-report", "approve-report"]
    assert ledger.verify().broken is None


def test_who_wrote_a_report_does_not_approve_it(scenery: Scenery) -> None:
    report = complete(scenery)
    orders.answer(report.pk, {"cause": "自分で"}, by=scenery.giver("tanaka"), now=scenery.now)
    approval.ask(report.pk, scenery.plan, by=scenery.giver("sato"), now=scenery.now)

    with pytest.raises(NotPossible) as caught:
        approve(scenery, report)

    assert caught.value.said.code == "approvals.own-order"


def test_an_approval_of_what_was_changed_meanwhile_does_not_count(scenery: Scenery) -> None:
    report = asked(scenery)
    before = answer(scenery, report)
    orders.answer(report.pk, {"cause": "別の原因"}, by=scenery.giver("sato"), now=scenery.now)

    with pytest.raises(NotPossible):
        answering.approve(before, PARTS.ports.all(APPROVAL_EFFECTS), scenery.now)

    report.refresh_from_db()
    assert (report.state, report.digest) == (State.DRAFT, "")


def test_a_report_that_was_tampered_with_is_not_approved(scenery: Scenery) -> None:
    report = asked(scenery)
    IncidentReport.objects.filter(pk=report.pk).update(answers=ANSWERS | {"cause": "手で書き換えた"})

    with pytest.raises(NotPossible) as caught:
        approve(scenery, report)

    assert caught.value.said.code == "incident-reports.has-changed"


def test_an_approved_report_stays_as_it_is_and_a_change_is_a_new_version(scenery: Scenery) -> None:
    report = asked(scenery)
    approve(scenery, report)
    with pytest.raises(NotPossible) as caught:
        orders.answer(report.pk, {"cause": "別の原因"}, by=scenery.giver("sato"), now=scenery.now)
    assert caught.value.said.code == "incident-reports.is-approved"

    scenery.pass_(HOUR)
    second = orders.draft(scenery.incident.pk, FINAL, scenery.desk, by=scenery.giver("sato"), now=scenery.now)

    report.refresh_from_db()
    assert (report.state, report.version) == (State.APPROVED, 1)
    assert (second.state, second.version, second.answers) == (State.DRAFT, 2, ANSWERS)
    # The loop leaves both as they are.
    watching.watch(scenery.desk, scenery.now)
    assert IncidentReport.objects.filter(kind=FINAL).count() == 2


def test_its_report_and_measures_stand_on_the_timeline_and_not_in_the_report(scenery: Scenery) -> None:
    report = asked(scenery)
    approve(scenery, report)
    scenery.gather()

    after = [str(each.said) for each in scenery.entries() if each.kind == EntryKind.FOLLOW_UP]
    number = scenery.incident.pk
    assert after == [
        f"障害 {number} の報告書(第一報 第1版)を下書き",
        f"障害 {number} の報告書(最終報 第1版)を下書き",
        f"障害 {number} の報告書(最終報 第1版)を下書き",
        f"障害 {number} の報告書(最終報 第1版)の承認を依頼",
        f"障害 {number} の報告書(最終報 第1版)を承認",
    ]
    second = orders.draft(number, FINAL, scenery.desk, by=scenery.giver("sato"), now=scenery.now)
    course = part(read(second), ReportPart.COURSE)
    assert not [text for _at, text, _proof in course if "報告書" in text]


def test_a_refused_report_goes_back_to_those_who_wrote_it(scenery: Scenery) -> None:
    report = asked(scenery)
    effects = PARTS.ports.all(APPROVAL_EFFECTS)

    answering.refuse(answer(scenery, report, note="原因が足りない"), effects, scenery.now)

    report.refresh_from_db()
    assert report.state == State.DRAFT
    approval.ask(report.pk, scenery.plan, by=scenery.giver("kimura"), now=scenery.now)
    approve(scenery, report)


def test_a_report_is_no_emergency(scenery: Scenery) -> None:
    report = asked(scenery)

    with pytest.raises(NotPossible) as caught:
        answering.break_glass(
            answer(scenery, report, note="急ぎ"), PARTS.ports.all(APPROVAL_EFFECTS), scenery.now
        )

    assert caught.value.said.code == "incident-reports.no-emergency"


def test_an_approval_is_asked_for_again_under_a_new_document(scenery: Scenery) -> None:
    report = asked(scenery)
    before = answer(scenery, report).request
    scenery.edition = edition_of(DOCUMENT.replace("85%", "90%"))
    watching.watch(scenery.desk, scenery.now)

    request = live_request(f"incident-report/{report.pk}")
    assert request is not None
    assert request.pk != before
    approve(scenery, report)
    report.refresh_from_db()
    assert report.state == State.APPROVED


def test_viewers_write_nothing_and_unknown_questions_are_none(scenery: Scenery) -> None:
    report = over(scenery)

    sato, now = scenery.giver("sato"), scenery.now
    with pytest.raises(NotPossible):
        orders.answer(report.pk, {"cause": "x"}, by=scenery.giver("miru"), now=now)
    with pytest.raises(NotPossible):
        orders.answer(report.pk, {"blame": "x"}, by=sato, now=now)
    with pytest.raises(NotPossible):
        orders.answer(report.pk, {"cause": "x" * 4_001}, by=sato, now=now)
    with pytest.raises(NotPossible):
        orders.draft(999, FINAL, scenery.desk, by=sato, now=now)
    report.refresh_from_db()
    assert report.answers == {}


def test_an_answer_is_taken_back_with_an_empty_text(scenery: Scenery) -> None:
    report = complete(scenery)

    found = orders.answer(report.pk, {"cause": " "}, by=scenery.giver("sato"), now=scenery.now)

    assert "cause" not in found.answers
    assert ReportQuestion.CAUSE in orders.draft_of(found).unanswered


def test_a_user_report_without_alerts_names_the_incident_as_its_evidence(scenery: Scenery) -> None:
    Incident.objects.update(respond_by=None, recover_by=None)
    scenery.incident.refresh_from_db()
    scenery.pass_(HOUR)
    scenery.recover()
    watching.watch(scenery.desk, scenery.now)

    times = part(read(scenery.report()), ReportPart.TIMES)
    own = f"障害 {scenery.incident.pk}"
    assert times[0] == ("発生", "2026-04-06 11:59:00", own)
    assert times[2] == ("対応開始", "測定していない (未完了)", "")
    assert times[5] == ("検知から復旧まで", "1時間 (期限の定めなし)", own)


def test_what_is_over_late_says_so(scenery: Scenery) -> None:
    alert = scenery.fire()
    scenery.pass_(6 * MINUTE)
    scenery.acknowledge(alert)
    scenery.fire(condition=Condition.OK, value="応答あり")
    scenery.recover()
    watching.watch(scenery.desk, scenery.now)

    times = {label: text for label, text, _ in part(read(scenery.report()), ReportPart.TIMES)}
    assert times["検知から対応開始まで"] == "6分 (期限 2026-04-06 12:05:00 を超過)"
