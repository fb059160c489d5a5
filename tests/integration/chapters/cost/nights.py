"""A shop whose web servers are fewer at night: a real command scales them, a real store knows their load."""

import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from tests.integration.chapters.cost import place
from tests.integration.engine.runs.claims import taken
from tests.registered import PARTS

from toban.chapters.batch.operation import OPERATION as BATCHES
from toban.chapters.capacity.operation import OPERATION as CAPACITY
from toban.chapters.capacity.scaling import works as scaling
from toban.chapters.cost.models import QuietGroup
from toban.chapters.cost.off_hours import looking
from toban.chapters.cost.off_hours import works as off_hours
from toban.chapters.cost.operation import OPERATION
from toban.design.clauses.cost import CostMeasure
from toban.design.reader import read_design
from toban.design.values.metric import Metric
from toban.engine.approvals.answers import Giver
from toban.engine.bindings.load import read_bindings
from toban.engine.editions.edition import Edition
from toban.engine.modes import service as modes
from toban.engine.modes.rules import Mode
from toban.engine.people.models import Operator
from toban.engine.runs.claiming.claim import succeed_all
from toban.engine.runs.claiming.endings import Endings
from toban.engine.runs.claiming.runner import Hand, through
from toban.engine.runs.models import Run
from toban.engine.runs.modes import shadows
from toban.engine.runs.modes.acts import schedule_act
from toban.engine.runs.scheduler import plan_due
from toban.engine.telemetry.samples import Sample
from toban.engine.telemetry.store import Telemetry

TOKYO = ZoneInfo("Asia/Tokyo")
EVENING = datetime(2026, 11, 24, 21, tzinfo=TOKYO)
"""A Tuesday, after a holiday."""
MINUTE = timedelta(minutes=1)
WEB, KEY = "Webサーバー", "off-hours/Webサーバー"
DOCUMENT = (
    place.DOCUMENT
    + """
## 1. 運用方針
### 運用体制
| 役割 | 担当 | 対応時間 |
|---|---|---|
| 運用責任者 | 上原 | 24時間365日 |
## 6. バッチ処理
| バッチID | 処理名 | 実行タイミング | 処理内容 | 失敗時の対応 |
|---|---|---|---|---|
| B001 | 集計 | 毎日 2:00 | 集計する | アラート |
## 9. キャパシティ管理
### スケーリング
| トリガー | アクション | タイミング |
|---------|----------|-----------|
| CPU使用率70%が30分継続 | Webサーバー1台追加 | 自動 (Auto Scaling) |
"""
)
ROW = next(
    row.id for row in read_design(DOCUMENT, "運用設計書.md").of(CostMeasure) if row.name == "Auto Scaling"
)
QUIET = f"""
[off_hours."Auto Scaling"]
groups = {{ "{WEB}" = 1 }}
busy = "平日7:00-22:00"
services = ["Amazon Elastic Compute Cloud"]
"""
RESIZE = "import pathlib,sys; pathlib.Path('count').write_text(sys.argv[1])"


def bindings(quiet: str = QUIET) -> str:
    return f"""{place.BINDINGS}
zone = "Asia/Tokyo"
[system]
timezone = "Asia/Tokyo"
holidays = "JP"
[batches.B001]
kind = "command"
command = ["true"]
[scaling."{WEB}"]
kind = "command"
resize = ["{sys.executable}", "resize.py", "{{to}}"]
count = ["cat", "count"]
most = 5
[people."運用責任者"]
account = "nami"
{quiet}"""


class Nights:
    """Its document in force; `minute` does what the loops and a worker do in one."""

    def __init__(self, telemetry: Telemetry, folder: Path) -> None:
        self.telemetry, self.folder, self.now = telemetry, folder, EVENING
        self.tokens = iter(range(10**6))
        (folder / "resize.py").write_text(RESIZE)
        self.has(3)
        self.take()

    def has(self, count: int) -> None:
        (self.folder / "count").write_text(str(count))

    def breaks(self, *, is_broken: bool = True) -> None:
        """Have no resize succeed, or have them succeed again."""
        (self.folder / "resize.py").write_text("raise SystemExit(3)" if is_broken else RESIZE)

    @property
    def count(self) -> int:
        return int((self.folder / "count").read_text())

    def take(self, quiet: str = QUIET, document: str = DOCUMENT) -> None:
        """Put an edition in force."""
        read = read_bindings(bindings(quiet), self.folder / "toban.toml", PARTS.schema)
        self.edition = Edition(read_design(document, "運用設計書.md"), read, PARTS.kinds)
        self.plan = self.edition.plan(OPERATION)
        self.works = {
            **off_hours.works(self.plan, self.edition, lambda: self.now),
            **scaling.works(self.edition.plan(CAPACITY), lambda: self.now, lambda: self.telemetry),
            **BATCHES.works(self.edition.plan(BATCHES)),
        }
        plan_due(self.works.values(), self.now)

    def mode(self, mode: Mode) -> None:
        act = schedule_act(self.works[KEY])
        by = Giver(Operator.objects.get(username="nami"), has_proved=True)
        shown = modes.shown_of(act, modes.settings().get(act.subject))
        modes.move(act, mode, "見て確かめた", shown=shown, by=by, edition=self.edition, now=self.now)

    def load(self, percent: float, count: int = 40) -> None:
        """Have every instance that there is measure this use in each of the last minutes."""
        end = self.now.replace(second=0)
        found = [
            Sample(
                Metric.CPU_USAGE, WEB, f"web-{number}", end - each * MINUTE + timedelta(seconds=20), percent
            )
            for each in range(1, count + 1)
            for number in range(1, self.count + 1)
        ]
        self.telemetry.write(found, token=f"nights {id(self)} {next(self.tokens)}")

    def look(self) -> None:
        looking.look(self.plan, self.works, self.edition, self.now)

    def work(self) -> None:
        """Do everything that is due."""
        plan_due(self.works.values(), self.now)
        shadows.record(self.works, self.now)
        while (held := taken(self.works, "worker", self.now)) is not None:
            hand = Hand(held, self.works[held.work], lambda: self.now, dict(held.results), None)
            through(hand, Endings(lambda ends: succeed_all(ends, self.now)))

    def minute(self, *, load: float | None = 10) -> None:
        """Let a minute pass."""
        self.now += MINUTE
        if load is not None:
            self.load(load)
        self.look()
        self.work()
        # What a run has ordered is done by the next worker that is free.
        self.work()

    def at(self, clock: str, *, load: float | None = 10, minutes: int = 2) -> None:
        """Let time pass until *clock*, and then some minutes."""
        self.now = datetime.fromisoformat(clock).replace(tzinfo=TOKYO)
        for _ in range(minutes):
            self.minute(load=load)

    def state(self) -> QuietGroup:
        return QuietGroup.objects.get(group=WEB)

    def runs(self, key: str = KEY) -> list[Run]:
        return list(Run.objects.filter(work=key).order_by("pk"))

    def found(self) -> Any:
        """What is found about the row."""
        from toban.chapters.cost.known import known  # noqa: PLC0415
        from toban.chapters.cost.rows.measures import measures  # noqa: PLC0415

        costs = known(self.plan, self.now)
        return next(each for each in measures(costs) if each.row.id == ROW)
