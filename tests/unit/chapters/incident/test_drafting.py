"""Reports as people read them: from evidence alone, for the company and for customers, in both languages."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from toban.chapters.incident.reports.content import (
    CourseLine,
    MeasureLine,
    ReportAudience,
    ReportFact,
    ReportFacts,
    ReportQuestion,
)
from toban.chapters.incident.reports.draft import ReportDraft, ReportPart, WrittenReport, written
from toban.chapters.incident.reports.paper import markdown, pdf
from toban.message import NOTHING, Message, plain

NOON = datetime(2026, 4, 6, 3, tzinfo=UTC)
"""In Tokyo."""
MINUTE = timedelta(minutes=1)
ALERT, ENTRY = (Message(f"incident-reports.proof-{name}", number=12) for name in ("alert", "change"))
FACTS = ReportFacts(
    number=7,
    title=plain("web-1 が停止 (Critical)"),
    outside_title=Message("incident-reports.outside-subject", targets=("Webサーバー",), level="Critical"),
    zone="Asia/Tokyo",
    times=(
        ReportFact(Message("incident-reports.time-detected"), plain("12:00:00"), NOTHING, (ALERT,)),
        ReportFact(
            Message("incident-reports.person-responder"), plain("sato"), NOTHING, (ALERT,), is_internal=True
        ),
    ),
    impact=(
        ReportFact(Message("monitoring.impact-requests"), plain("120 件"), NOTHING, (ENTRY,)),
        ReportFact(Message("errors.impact-users"), NOTHING, Message("errors.impact-none-bound")),
    ),
    course=(
        CourseLine(NOON, plain("web-1 の死活が異常"), Message("incident-reports.outside-alert"), "", ALERT),
        CourseLine(NOON + MINUTE, plain("田中さんに電話"), NOTHING, "sato", ALERT),
    ),
    measures=(
        MeasureLine(
            3, "web-1 のメモリを増やす", "佐藤", date(2026, 4, 20), Message("incident-reports.not-yet")
        ),
    ),
    hidden=("web-1", "sato", "佐藤", "田中"),
)
ANSWERS: dict[str, str] = {
    ReportQuestion.CAUSE: "佐藤が 10.0.3.7 の設定を誤った",
    ReportQuestion.IMPACT: "注文できなかった",
    ReportQuestion.INTERIM: "再起動した",
    ReportQuestion.PERMANENT: "設定を検査する",
}
DRAFT = ReportDraft(FACTS, {}, is_final=True, version=1, drafted_at=NOON + 30 * MINUTE)
WHOLE = replace(DRAFT, answers=ANSWERS)


def inside(draft: ReportDraft = WHOLE, language: str = "ja") -> WrittenReport:
    return written(draft, ReportAudience.INTERNAL, language)


def outside(draft: ReportDraft = WHOLE, language: str = "ja") -> WrittenReport:
    return written(draft, ReportAudience.EXTERNAL, language)


def texts(report: WrittenReport) -> str:
    lines = [*report.head, *(line for part in report.parts for line in part.lines)]
    return "\n".join((report.title, *(f"{each.label} {each.text} {each.proof}" for each in lines)))


def part(report: WrittenReport, wanted: ReportPart) -> list[tuple[str, str, str]]:
    (found,) = (each for each in report.parts if each.part is wanted)
    return [(each.label, each.text, each.proof) for each in found.lines]


def asks(report: WrittenReport) -> dict[ReportPart, str]:
    return {each.part: each.asks for each in report.parts if each.asks}


def test_the_parts_come_in_the_order_that_customers_expect() -> None:
    assert [each.heading for each in inside().parts] == [
        "件名",
        "発生・検知・対応開始・復旧",
        "影響範囲",
        "経緯",
        "原因",
        "暫定対応",
        "恒久対応",
        "再発防止策",
    ]
    assert inside().title == "障害報告書(最終報)"
    assert inside(language="en").parts[3].heading == "Course of events"


def test_what_only_people_know_is_asked_for_and_not_made_up() -> None:
    report = inside(replace(DRAFT, facts=replace(FACTS, measures=())))

    assert asks(report) == {
        ReportPart.IMPACT: "【要記入】利用者にできなかったこと",
        ReportPart.CAUSE: "【要記入】原因",
        ReportPart.INTERIM: "【要記入】暫定対応",
        ReportPart.PERMANENT: "【要記入】恒久対応",
        ReportPart.PREVENTION: "【要記入】再発防止策(期限と担当)",
    }
    assert part(report, ReportPart.CAUSE) == []
    assert asks(inside()) == {}


def test_a_remedy_that_worked_answers_what_was_done_for_now() -> None:
    worked = ReportFact(plain("プロセス再起動"), plain("40 秒後に復旧"), NOTHING, (ALERT,))
    draft = replace(DRAFT, facts=replace(FACTS, remedies=(worked,)))

    assert ReportQuestion.INTERIM not in draft.unanswered
    assert part(inside(draft), ReportPart.INTERIM) == [("プロセス再起動", "40 秒後に復旧", "アラート 12")]
    assert ReportPart.INTERIM not in asks(inside(draft))


def test_every_figure_has_the_number_of_its_evidence_and_what_is_not_measured_says_so() -> None:
    assert part(inside(), ReportPart.IMPACT) == [
        ("失敗したリクエスト", "120 件", "証跡 12"),
        ("影響を受けた利用者", "測定していない (エラーの収集が接続されていない)", ""),
        ("", "注文できなかった", ""),
    ]
    for report in (inside(), outside(), inside(language="en")):
        for each in report.parts:
            numbered = [line for line in each.lines if line.label and not line.text.startswith(NOT_MEASURED)]
            assert all(line.proof for line in numbered), each


NOT_MEASURED = ("測定していない", "Not measured")


@pytest.mark.parametrize("language", ["ja", "en"])
def test_customers_read_no_name_and_no_address(language: str) -> None:
    found = texts(outside(replace(WHOLE, approved_by="佐藤", approved_at=NOON), language))

    for name in ("web-1", "sato", "佐藤", "田中", "10.0.3.7"):
        assert name not in found
    assert "***" in found
    # What happened is still told.
    assert "Webサーバー" in found


def test_the_company_reads_who_did_what() -> None:
    found = texts(inside(replace(WHOLE, approved_by="佐藤", approved_at=NOON)))

    for name in ("web-1", "sato", "佐藤", "田中", "10.0.3.7"):
        assert name in found


def test_customers_read_the_course_of_events_in_general_words() -> None:
    assert part(outside(), ReportPart.COURSE) == [("2026-04-06 12:00:00", "監視が異常を検知", "アラート 12")]
    assert part(inside(), ReportPart.COURSE) == [
        ("2026-04-06 12:00:00", "web-1 の死活が異常", "アラート 12"),
        ("2026-04-06 12:01:00", "田中さんに電話 (sato)", "アラート 12"),
    ]


def test_measures_have_a_day_and_inside_an_owner() -> None:
    assert part(inside(), ReportPart.PREVENTION) == [
        ("web-1 のメモリを増やす", "期限 2026-04-20、担当 佐藤、未完了", "再発防止策 3")
    ]
    assert part(outside(), ReportPart.PREVENTION) == [
        ("*** のメモリを増やす", "期限 2026-04-20、未完了", "再発防止策 3")
    ]


def test_facts_are_kept_as_json_without_loss() -> None:
    assert ReportFacts.of(FACTS.as_json()) == FACTS


@pytest.mark.parametrize(
    "other",
    [
        replace(WHOLE, version=2),
        replace(WHOLE, is_final=False),
        replace(WHOLE, answers=ANSWERS | {ReportQuestion.CAUSE: "不明"}),
        replace(WHOLE, facts=replace(FACTS, measures=())),
    ],
)
def test_the_digest_changes_with_all_that_the_report_says(other: ReportDraft) -> None:
    assert other.digest != WHOLE.digest
    assert replace(WHOLE, approved_by="佐藤").digest == WHOLE.digest


def test_a_preliminary_report_says_so() -> None:
    assert inside(replace(DRAFT, is_final=False)).title == "障害報告書(第一報)"


def test_markdown_holds_all_parts_and_shows_signs_as_they_are() -> None:
    answers = ANSWERS | {ReportQuestion.CAUSE: "# 見出しではない\n<b>太字</b>\x1b[31m"}
    found = markdown(replace(WHOLE, answers=answers), ReportAudience.INTERNAL, "ja")

    assert found.startswith("# 障害報告書(最終報)\n")
    assert "\n## 8. 再発防止策\n" in found
    assert "\\# 見出しではない" in found
    assert "<b>" not in found.replace("\\<b", "")
    assert "\x1b" not in found


def test_a_pdf_is_made_of_it_and_is_the_same_each_time() -> None:
    first, second = (pdf(WHOLE, ReportAudience.EXTERNAL, "ja") for _ in range(2))

    assert first.startswith(b"%PDF-")
    assert first == second
    assert pdf(WHOLE, ReportAudience.INTERNAL, "en").startswith(b"%PDF-")


def test_a_long_report_fits_on_several_pages() -> None:
    line = FACTS.course[0]
    long = replace(FACTS, course=(replace(line, said=plain("とても長い説明 " * 60)),) * 40)

    assert len(pdf(replace(WHOLE, facts=long), ReportAudience.INTERNAL, "ja")) > 5_000
