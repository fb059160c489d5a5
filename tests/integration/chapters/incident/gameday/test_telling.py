"""What people are told of game days: before, at the beginning, while alerts fire, and at the end."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from tests.integration.chapters.incident.gameday.day import DOCUMENT, KEY, MINUTE, NOON, SECOND, Day, bindings
from tests.registered import PARTS

from toban.chapters.incident.gameday import holding, settling, telling
from toban.chapters.incident.models import GameDay
from toban.engine.modes.models import ModeSetting
from toban.engine.modes.rules import Mode
from toban.engine.notify.deciding import pipeline
from toban.engine.notify.deciding.drills import drills_among
from toban.engine.notify.delivery.channel import CHANNEL_KINDS
from toban.engine.notify.models import Alert, Announcement, Delivery
from toban.engine.notify.routing.contacts import contacts_of
from toban.engine.notify.signal import Condition
from toban.engine.runs.models import PlannedWork, Run
from toban.engine.runs.scheduler import plan_due
from toban.engine.runs.work import StepFailed
from toban.message import plain

pytestmark = pytest.mark.django_db

MATRIX = """### アラート通知
| レベル | 通知先 | 通知方法 |
|---|---|---|
| 異常 | 開発担当者 | メール |
| 情報 | Slack#monitoring | Slack |
"""
CHANNELS = """
[people."開発担当者"]
email = "dev@example.com"
[channels.slack]
kind = "slack"
webhook = "env:SHOP_SLACK"
channel = "#monitoring"
[channels.mail]
kind = "email"
host = "mail.example.com"
sender = "toban@example.com"
"""
CALENDAR = """
[game_days]
schedule = "毎月第1水曜 10:00"
"""
DUE = datetime.fromisoformat("2026-05-06T10:00+09:00")
DAY = timedelta(days=1)


@pytest.fixture
def day(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Day:
    """A game day of a system that tells people."""
    monkeypatch.setattr(holding, "_LOOK", 0.0)
    return held_by(tmp_path, CHANNELS)


def held_by(folder: Path, more: str, **commands: str) -> Day:
    document = DOCUMENT.replace("## 障害対応\n", f"{MATRIX}## 障害対応\n", 1)
    # Until the longest time is over, nobody answers: fewer looks say the same.
    return Day(folder, bindings(more, **commands), document=document, look=10 * SECOND)


def scheduled(folder: Path, more: str = "") -> Day:
    """Return one whose calendar the run ledger knows; its run is over."""
    day = held_by(folder, CHANNELS + CALENDAR + more)
    Run.objects.filter(pk=day.run.pk).update(state=Run.State.DONE)
    plan_due([day.work], day.now)
    return day


def tell(day: Day, now: datetime) -> None:
    """Do what the loop does."""
    telling.tell(day.plan, {KEY: day.work}, day.edition, now)


def announce(day: Day, now: datetime) -> list[str]:
    """Do what the pipeline's loop does; return the titles of what is new."""
    before = set(Announcement.objects.values_list("pk", flat=True))
    edition = day.edition
    contacts = contacts_of(edition.bindings, edition.kinds.of(CHANNEL_KINDS), "", edition.design.language)
    among = drills_among(edition, PARTS.ports)
    pipeline.announce(edition.design, contacts, now, drills=among)
    return [str(each.title).rstrip() for each in Announcement.objects.exclude(pk__in=before).order_by("pk")]


def told() -> list[str]:
    """Return what was told of game days."""
    return [str(each.value) for each in Alert.objects.filter(labels__item="game-day").order_by("pk")]


def test_the_calendar_is_told_of_a_day_before_and_once(tmp_path: Path) -> None:
    day = scheduled(tmp_path)

    tell(day, DUE - DAY - SECOND)
    assert told() == []
    tell(day, DUE - DAY)
    tell(day, DUE - MINUTE)

    assert told() == ["2026-05-06 10:00 からわざと起こします。そのアラートは訓練です"]
    title = f"i 情報: 【訓練】ゲームデー Webサーバーダウン {told()[0]}"
    assert announce(day, DUE - DAY) == [title]
    # The row for information, and whom a real failure would call.
    assert set(Delivery.objects.values_list("channel", flat=True)) == {"slack", "mail"}


def test_how_long_before_is_bound(tmp_path: Path) -> None:
    day = scheduled(tmp_path, 'announce = "3日"\n')

    tell(day, DUE - 3 * DAY)

    assert len(told()) == 1


def test_what_was_called_off_is_in_shadow_or_has_no_calendar_is_not_told_of(tmp_path: Path) -> None:
    day = scheduled(tmp_path)
    setting = ModeSetting.objects.create(
        subject=f"schedule/{KEY}", mode=Mode.SHADOW, declared=Mode.ACT, at=NOON, by="nami"
    )
    tell(day, DUE - MINUTE)
    assert told() == []

    setting.delete()
    off = Run.objects.create(
        work=KEY, due_at=DUE, clause_id="", document_digest="", ordered_by="schedule", wake_at=DUE,
        state=Run.State.SKIPPED,
    )  # fmt: skip
    tell(day, DUE - MINUTE)
    assert told() == []

    off.delete()
    PlannedWork.objects.update(next_due=None)
    tell(day, DUE - MINUTE)
    assert told() == []


def test_it_is_told_that_it_begins_before_anything_is_broken(tmp_path: Path) -> None:
    day = held_by(tmp_path, CHANNELS, made="raise SystemExit(3)")

    with pytest.raises(StepFailed):
        day.do("break")

    assert told() == [
        "nami の指示で、いまからわざと起こします。そのアラートは訓練です。長くとも 25分 で直します"
    ]


def test_a_step_that_is_repeated_tells_nothing_again(day: Day) -> None:
    day.do("break")
    day.do("break")

    assert len(told()) == 1


def test_the_calendars_beginning_says_so(day: Day) -> None:
    Run.objects.filter(pk=day.run.pk).update(ordered_by="schedule")

    day.do("break")

    assert told()[0].startswith("カレンダーのとおり、いまからわざと起こします。")


def test_its_alerts_and_their_recovery_are_marked_in_the_title(day: Day) -> None:
    day.do("break")
    announce(day, day.now)
    alert = day.alert()

    assert announce(day, alert.opened_at) == ["■ 異常: 【訓練】Webサーバー 死活"]

    with pytest.raises(StepFailed):
        day.do("watch", "restore", "certify")
    alert.resolved_at = alert.changed_at = day.now + MINUTE
    alert.save()
    assert announce(day, day.now + MINUTE) == ["● 復旧: 【訓練】Webサーバー 死活"]


def test_what_else_fires_on_a_game_day_and_what_fires_after_it_is_not_marked(day: Day) -> None:
    day.do("break")
    announce(day, day.now)
    disk = day.alert(
        key="disk", subject=plain("Webサーバー ディスク"), labels={"target": "Webサーバー", "item": "disk"}
    )
    assert announce(day, disk.opened_at) == ["■ 異常: Webサーバー ディスク"]

    GameDay.objects.update(ended_at=day.now + MINUTE)
    after = day.alert(after=2 * MINUTE)
    assert announce(day, after.opened_at) == ["■ 異常: Webサーバー 死活"]


def test_what_was_there_before_is_not_marked(day: Day) -> None:
    day.do("break")
    day.alert(after=-MINUTE)

    assert "■ 異常: Webサーバー 死活" in announce(day, day.now)


def test_that_no_remedy_helped_is_marked_too(day: Day) -> None:
    day.do("break")
    announce(day, day.now)
    told_of = day.alert(
        key="remedies",
        clause_id=day.planned.row.id,
        subject=plain("Webサーバーダウン Webサーバー"),
        labels={"item": "remedy", "about": "Webサーバー"},
    )

    assert announce(day, told_of.opened_at) == ["■ 異常: 【訓練】Webサーバーダウン Webサーバー"]


def test_its_end_is_told_with_its_result_once(day: Day) -> None:
    day.do("break")
    day.answer()
    with pytest.raises(StepFailed):
        day.do("watch", "restore", "certify")

    tell(day, day.now)
    tell(day, day.now + MINUTE)

    (_, over) = told()
    assert over.startswith("終わりました。不合格。時間内に応じなかったもの: ")
    assert Alert.objects.get(key__endswith="/over").condition == Condition.INFO


def test_what_could_not_be_mended_is_critical(tmp_path: Path) -> None:
    day = held_by(tmp_path, CHANNELS, mended="raise SystemExit(3)")
    day.do("break")
    Run.objects.filter(pk=day.run.pk).update(state=Run.State.FAILED, ended_at=day.now)
    day.now += timedelta(minutes=11)
    settling.settle(day.plan, day.now, day.clock)

    tell(day, day.now)

    over = Alert.objects.get(key__endswith="/over")
    assert over.condition == Condition.CRITICAL
    assert "直せませんでした" in str(over.value)


def test_an_old_end_is_no_news(day: Day) -> None:
    day.do("break")
    GameDay.objects.update(state=GameDay.State.FAILED, ended_at=day.now)

    tell(day, day.now + timedelta(hours=1))

    assert len(told()) == 1
