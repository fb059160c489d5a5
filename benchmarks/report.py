"""How long the monthly report of a large installation takes: `python -m benchmarks.report [--hosts 1000]`."""

import os
import tempfile
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click
from benchmarks.figures import state

if TYPE_CHECKING:
    from toban.design.reader import Design
    from toban.engine.reports.monthly import MonthlyReport

METHOD = """Method: SQLite with the October of {hosts:,} hosts: {alerts:,} alerts, {entries:,} entries of the
evidence (verdicts and orders), {runs:,} runs of batches, 31 days of a service level, {incidents} incidents.
Seconds to make the report and to write each format, to keep it, and to read it again as the page of a closed
month does; the process has loaded nothing of it before."""
_LIMIT = 10
START = datetime(2026, 10, 1, tzinfo=ZoneInfo("Asia/Tokyo"))
NOW = datetime(2026, 11, 2, tzinfo=UTC)
_HOSTS_A_ROW = 10
_ALERTS_OF_A_HOST = 10
_CHANGES_OF_A_ROW = 100
_BATCHES = 100
_DOCUMENT = """# 運用設計書
## 1. 運用方針
### 運用目標
| 項目 | 目標値 |
|---|---|
| 稼働率 | 99.9% |
## 2. 監視
### 監視項目
| 対象 | 監視項目 | 警告 | 異常 | 監視間隔 |
|---|---|---|---|---|
| API | レスポンスタイム | 500ms | 1000ms | 1分 |
{monitors}
## 6. バッチ
### バッチ一覧
| バッチID | バッチ名 | 実行頻度 | 開始時刻 | 処理内容 |
|---|---|---|---|---|
{batches}
"""
_BINDINGS = '[targets.API]\nsources = [{ kind = "http", url = "http://127.0.0.1:9/" }]\n'


def _document(hosts: int) -> str:
    rows = max(hosts // _HOSTS_A_ROW, 1)
    monitors = "\n".join(f"| サーバー{n} | CPU使用率 | 70% | 85% | 1分 |" for n in range(rows))
    batches = "\n".join(f"| B{n:03} | 集計{n} | 毎日 | 2:00 | 集計する |" for n in range(_BATCHES))
    return _DOCUMENT.format(monitors=monitors, batches=batches)


def _alerts(rows: list[str], count: int) -> None:
    from toban.engine.notify.models import Alert  # noqa: PLC0415
    from toban.message import plain  # noqa: PLC0415

    step = timedelta(days=31) / count
    Alert.objects.bulk_create(
        [
            Alert(
                key=f"k{number}", clause_id=rows[number % len(rows)], citation="d:1", clause_text="x",
                condition="warning" if number % 5 else "critical", subject=plain(f"host-{number}"),
                began_at=START + step * number, opened_at=START + step * number,
                changed_at=START + step * number,
                acknowledged_at=START + step * number + timedelta(minutes=5),
                resolved_at=START + step * number + timedelta(hours=1),
            )
            for number in range(count)
        ],
        batch_size=500,
    )  # fmt: skip


def _evidence(rows: list[str]) -> int:
    from toban.engine.evidence import status  # noqa: PLC0415
    from toban.engine.evidence.models import LedgerEntry  # noqa: PLC0415
    from toban.engine.evidence.status import StatusUpdate  # noqa: PLC0415
    from toban.engine.evidence.verdict import Verdict  # noqa: PLC0415
    from toban.message import plain  # noqa: PLC0415

    step = timedelta(days=31) / _CHANGES_OF_A_ROW
    for number in range(_CHANGES_OF_A_ROW):
        at = (START + step * number).astimezone(UTC)
        verdict = Verdict.WARNING if number % 2 else Verdict.CONFORMING
        updates = [StatusUpdate(each, verdict, plain("71%"), plain("x"), at, every=step) for each in rows]
        status.show(updates, at, "d" * 64)
    return LedgerEntry.objects.count()


def _runs() -> int:
    from toban.engine.runs.models import PlannedWork, Run  # noqa: PLC0415

    keys = [f"batch/batch/B{number:03}" for number in range(_BATCHES)]
    PlannedWork.objects.bulk_create(
        PlannedWork(key=key, clause_id=key, rule="x", planned_until=NOW) for key in keys
    )
    Run.objects.bulk_create(
        Run(
            work=key, due_at=START + timedelta(days=day, hours=2), clause_id=key, document_digest="d",
            ordered_by="schedule", state="failed" if day == 9 else "done", reason="succeeded",
            wake_at=START + timedelta(days=day), began_at=START + timedelta(days=day, hours=2),
            ended_at=START + timedelta(days=day, hours=3),
        )
        for key in keys
        for day in range(31)
    )  # fmt: skip
    return Run.objects.count()


def _others(incidents: int) -> None:
    from toban.chapters.incident.models import Incident  # noqa: PLC0415
    from toban.chapters.objectives.models import LevelDay  # noqa: PLC0415
    from toban.message import plain  # noqa: PLC0415

    LevelDay.objects.bulk_create(
        LevelDay(
            objective="objectives/objective/稼働率", day=date(2026, 10, day), covered=86_400, amount=86_390,
            planned_covered=0, planned_amount=0, measured_by="up API",
        )
        for day in range(1, 32)
    )  # fmt: skip
    times = [START + timedelta(hours=7 * number) for number in range(incidents)]
    Incident.objects.bulk_create(
        Incident(
            title=plain("x"), origin="alert", document_digest="d", began_at=at, detected_at=at, updated_at=at,
            responded_at=at + timedelta(minutes=4), recovered_at=at + timedelta(hours=1),
        )
        for at in times
    )  # fmt: skip


@click.command(help=__doc__)
@click.option("--hosts", default=1000, show_default=True)
def main(hosts: int) -> None:
    """Fill a store of its own, and print what each format takes."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"TOBAN_HOME": folder, "DJANGO_SETTINGS_MODULE": "toban.settings"}
        os.environ.pop("TOBAN_STATE_URL", None)
        import django  # noqa: PLC0415 - where its state is must be known first

        django.setup()
        _measure(Path(folder), hosts)


def _measure(folder: Path, hosts: int) -> None:
    from django.core.management import call_command  # noqa: PLC0415

    from toban.design.reader import read_design  # noqa: PLC0415

    call_command("migrate", verbosity=0)
    design = read_design(_document(hosts), "運用設計書.md")
    monitors = [each.id for each in design.clauses if each.kind == "monitor"]
    alerts, incidents = hosts * _ALERTS_OF_A_HOST, 100
    _alerts(monitors, alerts)
    entries, runs = _evidence(monitors), _runs()
    _others(incidents)
    click.echo(METHOD.format(hosts=hosts, alerts=alerts, entries=entries, runs=runs, incidents=incidents))
    began = time.perf_counter()
    report = _made(folder, design)
    took = {"make": time.perf_counter() - began}
    for name, seconds, size in _written(report):
        took[name] = seconds
        click.echo(f"{name:<6} {seconds:6.2f} s  {size / 1000:8.0f} kB")
    click.echo(f"make   {took['make']:6.2f} s  {len(report.figures)} figures")
    for name, seconds, size in _kept(report):
        click.echo(f"{name:<6} {seconds:6.2f} s  {size / 1000:8.0f} kB")
    state("make and write a PDF and a workbook", took["make"] + took["pdf"] + took["xlsx"], "s", most=_LIMIT)


def _made(folder: Path, design: "Design") -> "MonthlyReport":
    from toban import wiring  # noqa: PLC0415
    from toban.engine.bindings.load import read_bindings  # noqa: PLC0415
    from toban.engine.editions.edition import Edition  # noqa: PLC0415
    from toban.engine.reports.month import month_named  # noqa: PLC0415
    from toban.engine.reports.monthly import make  # noqa: PLC0415

    parts = wiring.parts()
    edition = Edition(design, read_bindings(_BINDINGS, folder / "toban.toml", parts.schema), parts.kinds)
    return make(edition, parts, month_named("2026-10", edition.bindings.system.zone, NOW))


def _kept(report: "MonthlyReport") -> list[tuple[str, float, int]]:
    """Return what it takes to keep the report, and to read it again: a closed month is not made anew."""
    from toban.engine.reports.kept import writing  # noqa: PLC0415

    began = time.perf_counter()
    stored = writing.packed(writing.written(report))
    kept = time.perf_counter()
    writing.read(writing.unpacked(stored))
    return [("keep", kept - began, len(stored)), ("read", time.perf_counter() - kept, len(stored))]


def _written(report: "MonthlyReport") -> list[tuple[str, float, int]]:
    from toban.faces.report.files import FILES  # noqa: PLC0415

    found = []
    for name, kind in FILES.items():
        began = time.perf_counter()
        content = kind.make(report, "ja")
        found.append((name, time.perf_counter() - began, len(content)))
    return found


if __name__ == "__main__":
    main()
