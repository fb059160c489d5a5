"""`toban why BATCH`: why it ran, did not run, or waits."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from toban.faces.cli.runs import line
from toban.faces.cli.state import opened_state
from toban.faces.cli.terminal import refuse, say, speak_utf8

if TYPE_CHECKING:
    from toban.engine.evidence.models import ClauseStatus
    from toban.engine.runs.models import PlannedWork, Run

_UNKNOWN = 1
_RUNS, _LINES = 5, 20

_WAITS = {
    "now": "始められます。ワーカーの空きを待っています",
    "not-yet": "その時刻を待っています",
    "overlap": "同じバッチの別の実行が終わるのを待っています",
    "waits-for-other": "先に成功すべきバッチを待っています",
    "awaits-approval": "承認を待っています",
}
_REASONS = {
    "on-time": "予定どおり",
    "caught-up": "止まっていた間の予定を、後から実行",
    "missed": "予定の時刻に Toban が動いていなかった",
    "ordered": "人の依頼",
    "next-day": "失敗した翌日の再実行",
    "claimed": "ワーカーが実行中",
    "taken-over": "失われたワーカーから引き継いで実行中",
    "succeeded": "成功",
    "retry": "失敗し、再試行を待っている",
    "failed": "再試行も尽きて失敗",
    "not-runnable": "コマンドを起動できない",
    "timed-out": "制限時間を過ぎた",
    "lost": "実行中のワーカーが続けて失われた",
    "stopped": "ワーカーの停止で中断し、続きを待っている",
    "cancelled": "人が中止した",
    "skipped": "人が見送った",
    "awaiting-approval": "承認待ち",
    "approved": "承認され、再開を待っている",
    "refused": "承認されなかった",
}


@click.command(
    "why",
    short_help="Why a batch did or did not run (なぜ実行された、されなかったか).",
    epilog="Example: toban why B003",
)
@click.argument("batch")
def command(batch: str) -> None:
    """Say what BATCH is waiting for, why its last runs ended as they did, and what the newest one wrote.

    予定、直近の実行とその理由、最後の出力を示します。

    \b
    Exit status:
      0  told
      1  no such batch
      2  the state database can't be read
    """
    speak_utf8()
    with opened_state():
        from toban.engine.evidence.models import ClauseStatus  # noqa: PLC0415
        from toban.engine.runs.models import PlannedWork, Run  # noqa: PLC0415

        status = ClauseStatus.objects.filter(clause_id=f"batch/batch/{batch}").first()
        work = PlannedWork.objects.filter(key=batch).first()
        if status is None and work is None:
            refuse(
                f"「{batch}」というバッチは知られていません", "文書のバッチIDで指定してください: toban runs"
            )
            raise SystemExit(_UNKNOWN)
        runs = list(Run.objects.filter(work=batch).order_by("-due_at", "-pk")[:_RUNS])
        say("\n".join(_told(status, work, runs)))


def _told(status: "ClauseStatus | None", work: "PlannedWork | None", runs: "list[Run]") -> Iterator[str]:
    if work is not None and work.in_force:
        yield f"予定 {work.rule}"
        yield (
            f"次回 {work.next_due.astimezone():%Y-%m-%d %H:%M}" if work.next_due else "次回 決まっていません"
        )
    else:
        yield "いまは実行されません"
    if status is not None and status.reason:
        yield f"状態 {status.reason}"
    for run in runs:
        yield line(run)
        yield f"        {_because(run, work)}"
    written = [text for run in runs[:1] for text in _newest_lines(run)]
    if written:
        yield "最後の出力"
        yield from (f"  | {text}" for text in written)


def _because(run: "Run", work: "PlannedWork | None") -> str:
    from toban.engine.clock import system_clock  # noqa: PLC0415
    from toban.engine.runs.claim import why_start  # noqa: PLC0415

    if run.state != "waiting":
        return _REASONS[run.reason]
    waits = _WAITS[why_start(run, work.depends_on if work else (), system_clock())]
    return f"{_REASONS[run.reason]}: {run.wake_at.astimezone():%H:%M} から。{waits}"


def _newest_lines(run: "Run") -> list[str]:
    rows = run.log.order_by("-pk")[:_LINES]
    return [row.text for row in reversed(rows)]
