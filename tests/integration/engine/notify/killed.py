"""A worker that is killed before each of its statements in turn, and one that goes on after it.

Usage: killed.py STATE_FILE. The state file is a migrated SQLite database. Prints one line of JSON per kill.
"""

import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import django

django.setup()

import structlog  # noqa: E402
from django.db import connection  # noqa: E402

from toban.design.reader import read_design  # noqa: E402
from toban.design.values.people import ChannelKind  # noqa: E402
from toban.engine.evidence.ledger import verify  # noqa: E402
from toban.engine.notify import outbox  # noqa: E402
from toban.engine.notify.alerts import report  # noqa: E402
from toban.engine.notify.contacts import Contacts, Way  # noqa: E402
from toban.engine.notify.models import Delivery  # noqa: E402
from toban.engine.notify.notice import Notice  # noqa: E402
from toban.engine.notify.pipeline import announce  # noqa: E402
from toban.engine.notify.signal import Condition, Signal  # noqa: E402

NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)
STATE = Path(sys.argv[1])
PRISTINE, RECEIVED, PHASE = (STATE.with_name(name) for name in ("pristine", "received", "phase"))
DESIGN = read_design(
    """# 運用設計書

## 2. 監視

### 監視項目
| 対象 | 監視項目 | 正常範囲 | 警告 | 異常 | 監視間隔 |
|---|---|---|---|---|---|
| DB | CPU使用率 | 0-60% | 70% | 85% | 1分 |

### アラート通知
| レベル | 通知先 | 通知方法 | タイミング |
|---|---|---|---|
| 警告 (Warning) | 開発担当者 | Slack | 即時 |
""",
    "運用設計書.md",
)
CONTACTS = Contacts(
    people={"開発担当者": {}},
    ways=(Way("slack", ChannelKind.SLACK, is_shared=True),),
    zone=ZoneInfo("Asia/Tokyo"),
)
PHASES = (Condition.WARNING, Condition.OK)


class Receiver:
    """Takes every notice, durably."""

    def send(self, notice: Notice, _address: str) -> str:
        with RECEIVED.open("a") as file:
            file.write(json.dumps([notice.kind, notice.key]) + "\n")
            file.flush()
            os.fsync(file.fileno())
        return "ok"


def _same(now: datetime) -> datetime:
    return now


def work(first_phase: int, start: datetime) -> None:
    """Go through the phases as the worker's loops would: report, announce, deliver."""
    monitor = next(clause for clause in DESIGN.clauses if clause.kind == "monitor")
    for phase in range(first_phase, len(PHASES)):
        PHASE.write_text(str(phase))
        now = start + timedelta(minutes=phase)
        condition = PHASES[phase]
        report(
            [
                Signal(
                    monitor.id,
                    monitor.id,
                    "運用設計書.md:9",
                    monitor.text,
                    condition,
                    "DB",
                    "75%",
                    "",
                    now,
                    now,
                )
            ],
            now,
        )
        announce(DESIGN, CONTACTS, now)
        while outbox.deliver_due("slack", Receiver(), clock=partial(_same, now)):
            pass


def killed_before(statement: int) -> bool:
    """Run the worker in a child that is killed before the given statement; say whether it came so far."""
    child = os.fork()
    if child == 0:
        count = 0

        def count_down(execute: Callable[..., Any], *arguments: Any) -> Any:
            nonlocal count
            count += 1
            if count == statement:
                os.kill(os.getpid(), signal.SIGKILL)
            return execute(*arguments)

        with connection.execute_wrapper(count_down):
            work(0, NOON)
        os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def main() -> None:
    structlog.configure(processors=[], logger_factory=structlog.ReturnLoggerFactory())
    connection.close()
    shutil.copy(STATE, PRISTINE)
    statement = 0
    while True:
        statement += 1
        for leftover in STATE.parent.glob(f"{STATE.name}*"):
            leftover.unlink()
        RECEIVED.unlink(missing_ok=True)
        shutil.copy(PRISTINE, STATE)
        if not killed_before(statement):
            break
        # The next worker starts when the dead one's claim has run out.
        work(int(PHASE.read_text()), NOON + outbox.CLAIM)
        received = [json.loads(line) for line in RECEIVED.read_text().splitlines()]
        states = sorted(Delivery.objects.values_list("state", flat=True))
        life = {"received": received, "states": states, "broken": str(verify().broken)}
        sys.stdout.write(json.dumps(life) + "\n")
        connection.close()


main()
