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
    from toban.engine.clock import system_clock  # noqa: PLC0415
    from toban.faces.run_words import because  # noqa: PLC0415

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
        yield f"        {because(run, work, system_clock())}"
    written = [text for run in runs[:1] for text in _newest_lines(run)]
    if written:
        yield "最後の出力"
        yield from (f"  | {text}" for text in written)


def _newest_lines(run: "Run") -> list[str]:
    rows = run.log.order_by("-pk")[:_LINES]
    return [row.text for row in reversed(rows)]
