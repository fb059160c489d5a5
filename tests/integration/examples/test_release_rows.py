"""Every row of the demo's chapter 5 is seen as it should be and as it should not; see `release-rows.txt`.

The programs are the demo's own: git over HTTP, Caddy, the front's instances. Only the clock is the test's.
"""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.running import enterable_folder
from tests.integration.chapters.release.rows.place import (
    FLOW_ROW,
    MINOR,
    PATCH,
    ROLLBACK,
    TO_PRODUCTION,
    TO_STAGING,
)
from tests.integration.chapters.release.shop import MINUTE, PRODUCTION, STAGING
from tests.integration.examples.demo_releases import BEGAN, DEVELOPMENT, DOCUMENT, Demo, Row, opened

from toban.chapters.release.models import Release
from toban.chapters.release.ordering import orders
from toban.engine.evidence.verdict import Verdict
from toban.engine.people.models import Operator, OperatorRole
from toban.engine.runs.models import Run

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

TABLE = Path(__file__).with_name("release-rows.txt")
TO_DEVELOPMENT = f"release/deploy-rule/{DEVELOPMENT}"
SECOND_TUESDAY = BEGAN.replace(day=8, hour=20)
DRILL = BEGAN.replace(year=2027, month=1, day=4, hour=10)
DAY = timedelta(days=1)
_GOOD = (Verdict.CONFORMING,)
_BAD = (Verdict.DEVIATING, Verdict.NOT_PERFORMED)
_WITHOUT_DATES = "\n".join(each for each in DOCUMENT.split("\n") if not each.startswith("| マイナーリリース"))


@dataclass
class Story:
    """What has happened to the demo, and what its rows said then."""

    demo: Demo
    rows: Sequence[Row]
    seen: list[tuple[int, str, Verdict, str, str]] = field(default_factory=list)

    def see(self, row_id: str, what: str) -> Verdict:
        """Note what the row says after *what* has happened."""
        row = next(each for each in self.rows if each.id == row_id)
        verdict = self.demo.verdict(row_id)
        self.seen.append((row.line, row.name, verdict, self.demo.why(row_id), what))
        return verdict

    @property
    def table(self) -> str:
        """All of it, a line each."""
        order = sorted(self.seen, key=lambda each: each[0])
        lines = [f"{line} | {name} | {verdict} | {why} | {what}" for line, name, verdict, why, what in order]
        return "\n".join(lines) + "\n"


@pytest.fixture
def story(settings: Any, db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Story]:
    with enterable_folder() as folder, opened(folder) as shop:
        settings.HOME = shop.place.parent
        for name, value in shop.for_toban.items():
            monkeypatch.setenv(name, value)
        Operator.objects.create_user("admin", "admin@example.com", operator_role=OperatorRole.MANAGER)
        Operator.objects.create_user("kai", "kai@example.com", operator_role=OperatorRole.DEVELOPER)
        demo = Demo(shop)
        yield Story(demo, demo.rows())


def test_every_row_is_seen_both_ways(story: Story) -> None:
    _begins(story)
    _by_themselves(story)
    _on_the_schedule(story)
    _a_bad_patch_goes_back(story)
    _a_drill_and_a_slow_way_back(story)
    _a_missed_day(story)
    _without_approval(story)
    _without_a_cause(story)
    _versions_that_do_not_start(story)

    sys.stdout.write(story.table)  # pytest shows it with a failure
    for row in story.rows:
        verdicts = {verdict for line, _, verdict, _, _ in story.seen if line == row.line}
        assert verdicts & {*_GOOD}, row
        assert verdicts & {*_BAD}, row
    assert story.table == TABLE.read_text(encoding="utf-8")


def _begins(story: Story) -> None:
    demo = story.demo
    while Release.objects.filter(served_at__isnull=False).count() < len(demo.plan.deployments):
        demo.work(MINUTE)
        assert demo.now - BEGAN < timedelta(minutes=10)
    demo.work(6 * MINUTE)
    demo.tell()
    assert [demo.verdict(each.id) for each in story.rows] == [Verdict.NOT_DUE] * 7


def _by_themselves(story: Story) -> None:
    demo = story.demo
    demo.now += MINUTE
    demo.branch("main", "v1.1.0")
    demo.branch("release/1.1", "v1.1.0")
    demo.work(MINUTE)
    demo.work(2 * MINUTE)
    demo.tell()

    assert (demo.serves_in(DEVELOPMENT), demo.serves_in(STAGING)) == ("v1.1.0", "v1.1.0")
    assert demo.serves_in(PRODUCTION) == "v1.0.0"
    assert story.see(TO_DEVELOPMENT, "v1.1.0 が main に取り込まれた") in _GOOD
    assert story.see(TO_STAGING, "v1.1.0 の release ブランチができた") in _GOOD


def _on_the_schedule(story: Story) -> None:
    demo = story.demo
    demo.signed(f"check/{STAGING}")
    demo.planned("v1.1.0", at=SECOND_TUESDAY)
    demo.approve("admin")
    demo.now = SECOND_TUESDAY
    demo.work()
    demo.work(6 * MINUTE)
    demo.tell()

    assert demo.serves_in(PRODUCTION) == "v1.1.0"
    assert story.see(FLOW_ROW, "v1.1.0 が六つの手順を全部通って本番に出た") in _GOOD
    assert story.see(TO_PRODUCTION, "v1.1.0 が承認されて予定の時刻に本番に出た") in _GOOD
    assert story.see(MINOR, "v1.1.0 が第2火曜日 20:00 に本番に出た") in _GOOD


def _a_bad_patch_goes_back(story: Story) -> None:
    demo = story.demo
    demo.now = SECOND_TUESDAY + timedelta(hours=15)
    demo.branch("release/1.2", "v1.2.0")
    demo.work(MINUTE)
    demo.work(2 * MINUTE)
    demo.tell()
    demo.planned("v1.2.0", cause="障害#2 来店が数えられない")
    demo.approve("admin")
    demo.work(MINUTE)
    demo.tell()
    assert demo.serves_in(PRODUCTION) == "v1.2.0"
    assert story.see(PATCH, "v1.2.0 が障害番号を挙げて本番に出た") in _GOOD
    assert story.see(FLOW_ROW, "v1.2.0 が通し確認の署名なしに本番に出た") in _BAD

    demo.customers(200)
    while demo.newest(PRODUCTION).kind != Release.Kind.ROLLBACK:
        demo.work(timedelta(seconds=5))
    demo.work(timedelta(seconds=5))
    demo.tell()
    assert demo.serves_in(PRODUCTION) == "v1.1.0"
    assert story.see(ROLLBACK, "客が来て壊れた v1.2.0 を、見守りが v1.1.0 に戻した") in _GOOD
    demo.tell(8 * DAY)
    assert story.see(ROLLBACK, "5営業日を過ぎても原因に署名がない") in _BAD
    demo.signed(f"cause/{PRODUCTION}", "来店の記憶に上限がなかった")
    demo.tell()
    assert demo.verdict(ROLLBACK) in _GOOD


def _a_drill_and_a_slow_way_back(story: Story) -> None:
    demo = story.demo
    drill = demo.hold_drill(DRILL)
    demo.tell()
    assert (drill.state, demo.serves_in(STAGING)) == (Run.State.DONE, "v1.2.0"), str(drill.note)
    assert story.see(ROLLBACK, "ステージングで訓練をした") in _GOOD

    demo.now += DAY
    there = demo.plan.deployments[PRODUCTION]
    orders.roll_back(there, "注文が通らない", demo.order("admin"), demo.now)
    demo.work(6 * MINUTE)
    demo.tell()
    assert demo.serves_in(PRODUCTION) == "v1.0.0"
    assert story.see(ROLLBACK, "ワーカーが6分いなくて、戻るのに5分を超えた") in _BAD


def _a_missed_day(story: Story) -> None:
    demo = story.demo
    demo.now += DAY
    _stage(demo, "1.3", "おすすめの見出しを直す")
    demo.now = datetime(2027, 1, 13, 11, tzinfo=BEGAN.tzinfo)
    demo.tell()
    assert story.see(MINOR, "第2火曜日に、準備のできた版が本番に出なかった") in _BAD


def _stage(demo: Demo, name: str, subject: str) -> None:
    pages = (demo.repository.work / "pages.py").read_text(encoding="utf-8")
    demo.change(f"release/{name}", subject, {"pages.py": f"{pages}# {name}\n"}, onto="v1.1.0")
    demo.work(MINUTE)
    demo.work(2 * MINUTE)
    demo.tell()
    assert demo.newest(STAGING).served_at is not None, str(demo.newest(STAGING).note)


def _without_approval(story: Story) -> None:
    demo = story.demo
    demo.planned("release/1.3", cause="障害#3 見出しが読めない")
    demo.go_ahead()
    demo.work(MINUTE)
    demo.tell()
    assert demo.newest(PRODUCTION).served_at is not None, str(demo.newest(PRODUCTION).note)
    assert story.see(TO_PRODUCTION, "承認なしで進めた本番リリースを、まだ誰も見直していない") in _BAD


def _without_a_cause(story: Story) -> None:
    demo = story.demo
    demo.work(6 * MINUTE)
    bindings = (demo.shop.place / "toban.toml").read_text(encoding="utf-8")
    demo.take(bindings, _WITHOUT_DATES)
    _stage(demo, "1.4", "棚の並びを直す")
    demo.planned("release/1.4")
    demo.approve("admin")
    demo.work(MINUTE)
    demo.tell()
    assert demo.newest(PRODUCTION).served_at is not None, str(demo.newest(PRODUCTION).note)
    assert story.see(PATCH, "日を決める行がない間に、何を直すかを挙げない版が出た") in _BAD
    demo.take(bindings, DOCUMENT)
    demo.tell(MINUTE)
    assert story.see(MINOR, "日を決める行がない間に出た版が、第2火曜日の外だった") in _BAD


def _versions_that_do_not_start(story: Story) -> None:
    demo = story.demo
    demo.push_broken("main", onto="v1.1.0")
    demo.push_broken("release/9", onto="v1.1.0")
    demo.work(MINUTE)
    demo.work(MINUTE)
    demo.tell()
    assert demo.serves_in(DEVELOPMENT) == "v1.1.0"
    assert story.see(TO_DEVELOPMENT, "動かない版が main に取り込まれた") in _BAD
    assert story.see(TO_STAGING, "動かない版の release ブランチができた") in _BAD
