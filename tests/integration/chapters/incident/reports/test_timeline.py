"""The timeline fills itself from what the engine records, and people amend it."""

from datetime import timedelta

import pytest
from tests.integration.chapters.incident.reports.scenery import (
    CONTACTS,
    DAY,
    DOCUMENT,
    HOUR,
    MINUTE,
    NOON,
    SECOND,
    TOKYO,
    Scenery,
    edition_of,
)

from toban.chapters.incident.models import (
    Incident,
    LevelChange,
    RemedyUse,
    StageDone,
    TimelineEdit,
    TimelineEntry,
)
from toban.chapters.incident.timeline import amending, export
from toban.chapters.incident.timeline.amending import LONGEST_TEXT, WantedLine
from toban.chapters.incident.timeline.kinds import EntryKind
from toban.chapters.incident.timeline.reading import TimelinePlace, all_entries, entries, place_of
from toban.engine.evidence import ledger
from toban.engine.evidence.models import LedgerEntry
from toban.engine.notify import orders
from toban.engine.notify.deciding.pipeline import announce
from toban.engine.notify.models import Delivery
from toban.engine.notify.signal import Condition
from toban.engine.orders import NotPossible
from toban.engine.runs.models import Run
from toban.message import plain

pytestmark = pytest.mark.django_db


def whole_story(scenery: Scenery) -> None:
    """A change, an alert with its notification, an answer, a remedy, a failed batch, the recovery."""
    scenery.now = NOON - 30 * MINUTE
    scenery.change()
    scenery.now = NOON
    alert = scenery.fire()
    scenery.tell()
    LevelChange.objects.create(
        incident=scenery.incident, at=NOON, level="Critical", clause_id="x", reason=plain("全台停止")
    )
    scenery.pass_(2 * MINUTE)
    scenery.acknowledge(alert)
    run = scenery.run("remedy/再起動", Run.State.DONE, at=scenery.now)
    RemedyUse.objects.create(
        remedy="プロセス再起動",
        clause_id="y",
        target="Webサーバー",
        incident=scenery.incident,
        alert=alert,
        run=run,
        wanted_at=scenery.now,
        said=plain("Webダウンに当たる"),
        effect=RemedyUse.Effect.RECOVERED,
        settled_at=scenery.now + 2 * MINUTE,
        took=40.0,
    )
    scenery.run("batch/夜間", Run.State.FAILED, at=scenery.now)
    StageDone.objects.create(incident=scenery.incident, step=1, at=NOON, said=plain("アラートが開いた"))
    scenery.pass_(3 * MINUTE)
    scenery.fire(condition=Condition.OK, value="応答あり")
    scenery.recover()


def test_a_notification_that_does_not_get_through_is_on_the_timeline_after_a_minute(scenery: Scenery) -> None:
    scenery.fire()
    announce(scenery.edition.design, CONTACTS, scenery.now)
    Delivery.objects.update(error=plain("応答なし"), attempts=3)
    late = "にまだ届いていない: 応答なし"
    scenery.pass_(55 * SECOND)
    scenery.gather()
    assert not [each for each in scenery.lines() if late in each]

    scenery.pass_(10 * SECOND)
    scenery.gather()
    scenery.gather()

    (line,) = [each for each in scenery.entries() if late in str(each.said)]
    assert (line.at, line.kind) == (NOON + MINUTE, EntryKind.NOTICE)
    Delivery.objects.update(state=Delivery.State.DELIVERED, settled_at=scenery.now)
    scenery.gather()
    assert str(scenery.lines()[-1]).startswith("mail で")


def test_alerts_notifications_changes_runs_and_remedies_are_gathered_in_order(scenery: Scenery) -> None:
    whole_story(scenery)
    scenery.gather()

    alert, remedy = scenery.incident.joined.get().alert_id, scenery.incident.remedies.get().run_id
    assert remedy is not None
    assert scenery.lines() == [
        "リリース: shop 1.4.2",
        "Webサーバー 死活 が異常",
        "通知: ■ 異常: Webサーバー 死活 応答なし",
        "mail で 運用責任者 に配信: ■ 異常: Webサーバー 死活 応答なし",
        "障害レベル Critical: 全台停止",
        "手順 1 完了: アラートが開いた",
        "対応を開始: Webサーバー 死活",
        "Webサーバー の対処 プロセス再起動: Webダウンに当たる",
        f"remedy/再起動 を開始(実行 {remedy})",
        f"batch/夜間 を開始(実行 {remedy + 1})",
        f"remedy/再起動 が成功(実行 {remedy})",
        f"batch/夜間 が失敗(実行 {remedy + 1})",
        "プロセス再起動 の効果: 復旧",
        "Webサーバー 死活 が復旧: 応答あり",
    ]
    assert {f"alert/{alert}/opened", f"alert/{alert}/resolved"} <= scenery.keys()
    acknowledged = next(each for each in scenery.entries() if each.kind == EntryKind.ACKNOWLEDGEMENT)
    assert (acknowledged.by, acknowledged.url) == ("sato", f"/alerts/{alert}")


def test_gathering_again_adds_nothing(scenery: Scenery) -> None:
    whole_story(scenery)
    scenery.gather()
    before = [(each.pk, each.key) for each in scenery.entries()]

    scenery.gather()
    scenery.pass_(10 * SECOND)
    scenery.gather()

    assert [(each.pk, each.key) for each in scenery.entries()] == before


def test_an_alert_that_changes_is_told_with_the_value_of_that_moment(scenery: Scenery) -> None:
    scenery.fire(item="CPU使用率", condition=Condition.WARNING, value="72%")
    scenery.gather()
    scenery.pass_(MINUTE)
    scenery.fire(item="CPU使用率", condition=Condition.CRITICAL, value="91%")
    scenery.gather()

    assert scenery.lines() == ["Webサーバー CPU使用率 が警告: 72%", "Webサーバー CPU使用率 が異常に変化: 91%"]


def test_alerts_of_the_same_target_that_belong_to_nothing_are_told_and_others_are_not(
    scenery: Scenery,
) -> None:
    scenery.fire()
    scenery.fire(item="CPU使用率", condition=Condition.WARNING, joins=False)
    scenery.fire("DBサーバー", "CPU使用率", Condition.WARNING, joins=False)
    scenery.gather()

    assert [each for each in scenery.lines() if "別の" in each] == [
        "同じ対象の別のアラート: Webサーバー CPU使用率"
    ]


def test_changes_count_from_an_hour_before_the_detection_on(scenery: Scenery) -> None:
    scenery.now = NOON - HOUR - SECOND
    scenery.change("too early")
    scenery.now = NOON - HOUR
    scenery.change("just in time")
    scenery.change("another target", "DBサーバー")
    scenery.now = NOON
    scenery.gather()

    assert scenery.lines() == ["リリース: just in time"]


def test_changes_long_after_the_recovery_are_none_of_its_own_but_acts_about_it_are(scenery: Scenery) -> None:
    scenery.recover()
    scenery.pass_(DAY)
    scenery.change("much later")
    scenery.change("its postmortem", f"incident/{scenery.incident.pk}")
    scenery.gather()

    assert scenery.lines() == ["リリース: its postmortem"]


def test_nothing_is_looked_up_while_no_incident_is_open(
    scenery: Scenery, django_assert_num_queries: object
) -> None:
    Incident.objects.update(closed_at=NOON - HOUR)
    with django_assert_num_queries(1):  # type: ignore[operator]
        scenery.gather()


def test_what_became_of_the_incident_itself_is_told_with_who_did_it(scenery: Scenery) -> None:
    for order, number, note in (
        ("incident-taken", scenery.incident.pk, plain("見ます")),
        ("incident-taken", scenery.incident.pk + 1, plain("another incident")),
        ("incident-level", scenery.incident.pk, plain("stands in a table of its own")),
    ):
        content = {"order": order, "incident": number, "note": note.as_json()}
        orders.audit(content, "sato", scenery.now, scenery.incident.clause_id)
    for _ in range(2):
        scenery.gather()

    (entry,) = scenery.entries()
    assert (str(entry.said), entry.by, entry.kind) == ("障害の対応を開始: 見ます", "sato", EntryKind.ACT)


def test_an_incident_over_a_months_end_keeps_its_order(scenery: Scenery) -> None:
    Incident.objects.update(
        began_at=NOON.replace(day=30, hour=23, minute=58),
        detected_at=NOON.replace(day=30, hour=23, minute=59),
    )
    scenery.now = NOON.replace(day=30, hour=23, minute=59)
    scenery.pass_(timedelta())
    alert = scenery.fire()
    scenery.gather()
    scenery.pass_(2 * MINUTE)
    scenery.acknowledge(alert)
    scenery.gather()

    times = [f"{each.at.astimezone(TOKYO):%m-%d %H:%M}" for each in scenery.entries()]
    assert times == ["04-30 23:59", "05-01 00:01"]


def test_a_document_change_in_between_keeps_lines_and_gathers_on(scenery: Scenery) -> None:
    scenery.fire()
    scenery.gather()
    before = scenery.lines()
    without = DOCUMENT.replace("| Webサーバー | 死活 | 応答あり | - | 応答なし | 1分 |\n", "")
    scenery.edition = edition_of(without)
    scenery.pass_(MINUTE)
    scenery.change("after the change")
    scenery.gather()

    assert scenery.lines() == [*before, "リリース: after the change"]


def test_a_closed_incident_still_gathers_for_ten_minutes(scenery: Scenery) -> None:
    Incident.objects.update(closed_at=NOON)
    scenery.fire()
    scenery.pass_(9 * MINUTE)
    scenery.gather()
    assert len(scenery.lines()) == 1

    scenery.pass_(MINUTE)
    scenery.fire(item="CPU使用率")
    scenery.gather()
    assert len(scenery.lines()) == 1


def test_people_add_lines_and_the_same_chat_line_only_once(scenery: Scenery) -> None:
    number = scenery.incident.pk
    at = NOON - 10 * MINUTE
    made = amending.add(
        number, WantedLine(" DB も遅い\x1b[31m ", at, "C1/170", "https://chat/1"), by="sato", now=NOON
    )
    again = amending.add(number, WantedLine("DB も遅い", source="C1/170"), by="sato", now=NOON + MINUTE)

    assert again.pk == made.pk
    (entry,) = scenery.entries()
    assert (str(entry.said), entry.at, entry.by, entry.url) == (
        "DB も遅い�[31m",
        at,
        "sato",
        "https://chat/1",
    )
    audited = LedgerEntry.objects.filter(content__order="add-timeline-entry")
    assert [each.actor for each in audited] == ["sato"]


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        (WantedLine("  "), "text-missing"),
        (WantedLine("x" * (LONGEST_TEXT + 1)), "text-too-long"),
        (WantedLine("x", NOON + HOUR), "time-out-of-range"),
        (WantedLine("x", NOON - 60 * DAY), "time-out-of-range"),
        (WantedLine("x", NOON.replace(tzinfo=None)), "time-out-of-range"),
    ],
)
def test_lines_without_text_or_out_of_range_are_refused(
    scenery: Scenery, wanted: WantedLine, code: str
) -> None:
    with pytest.raises(NotPossible) as caught:
        amending.add(scenery.incident.pk, wanted, by="sato", now=NOON)

    assert caught.value.said.code == f"incident-reports.{code}"
    assert not TimelineEntry.objects.exists()


def test_a_link_that_is_no_web_page_is_dropped(scenery: Scenery) -> None:
    made = amending.add(scenery.incident.pk, WantedLine("x", url="javascript:alert(1)"), by="sato", now=NOON)

    assert made.url == ""


def test_an_amended_line_keeps_what_stood_there_and_is_not_gathered_again(scenery: Scenery) -> None:
    scenery.fire()
    scenery.gather()
    (entry,) = scenery.entries()
    before = (entry.said, entry.at)

    amending.amend(entry.pk, text="web-1 の電源が落ちた", by="sato", now=NOON + MINUTE)
    amending.amend(entry.pk, at=NOON - MINUTE, by="tanaka", now=NOON + 2 * MINUTE)
    scenery.pass_(3 * MINUTE)
    scenery.gather()

    (found,) = scenery.entries()
    assert (str(found.said), found.at, found.is_amended) == ("web-1 の電源が落ちた", NOON - MINUTE, True)
    edits = list(TimelineEdit.objects.order_by("pk"))
    assert [(each.by, each.said, each.happened_at) for each in edits] == [
        ("sato", *before),
        ("tanaka", plain("web-1 の電源が落ちた"), before[1]),
    ]
    assert ledger.verify().broken is None
    with pytest.raises(NotPossible):
        amending.amend(entry.pk, text="web-1 の電源が落ちた", by="sato", now=scenery.now)


def test_a_hidden_line_is_left_out_of_exports_and_can_be_shown_again(scenery: Scenery) -> None:
    scenery.fire()
    scenery.gather()
    (entry,) = scenery.entries()

    amending.hide(entry.pk, by="sato", now=NOON)
    assert export.as_json(all_entries(scenery.incident, with_hidden=True), "ja") == []
    assert all_entries(scenery.incident) == []
    assert TimelineEdit.objects.get().was_hidden is False

    amending.show(entry.pk, by="sato", now=NOON)
    lines = all_entries(scenery.incident)
    assert [each["text"] for each in export.as_json(lines, "en")] == ["Webサーバー 死活: Critical: 応答なし"]
    assert "**アラート** Webサーバー 死活" in export.markdown(plain("停止"), lines, TOKYO, "ja")


def test_an_incident_that_was_merged_takes_no_lines(scenery: Scenery) -> None:
    other = Scenery(scenery.edition).incident
    Incident.objects.filter(pk=scenery.incident.pk).update(merged_into=other)

    with pytest.raises(NotPossible) as caught:
        amending.add(scenery.incident.pk, WantedLine("x"), by="sato", now=NOON)

    assert str(other.pk) in str(caught.value.hint)


def test_pages_of_a_timeline_follow_each_other_without_gap_or_repetition(scenery: Scenery) -> None:
    TimelineEntry.objects.bulk_create(
        TimelineEntry(
            incident=scenery.incident,
            key=f"note/{n}",
            kind=EntryKind.NOTE if n % 2 else EntryKind.CHANGE,
            # Many at the same moment: their number decides.
            at=NOON + (n // 10) * SECOND,
            said=plain(str(n)),
            is_hidden=n == 5,
        )
        for n in range(95)
    )
    pages, after = [], None
    while page := entries(scenery.incident, after, 20):
        pages.append([str(each.said) for each in page])
        after = TimelinePlace.read(str(place_of(page[-1])))

    assert [len(each) for each in pages] == [20, 20, 20, 20, 14]
    assert [text for page in pages for text in page] == [str(n) for n in range(95) if n != 5]
    assert len(entries(scenery.incident, kinds=[EntryKind.CHANGE], limit=100)) == 48


@pytest.mark.parametrize("written", ["", "x", "2026-04-06T12:00:00/1", "2026-04-06T12:00:00+09:00/x"])
def test_a_place_that_is_none_is_not_read(written: str) -> None:
    assert TimelinePlace.read(written) is None
