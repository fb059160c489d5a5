"""How long each judge of chapter 13 takes on a full store.

`python -m benchmarks.decisions [--alerts 10000]`
"""

import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from benchmarks.figures import state

if TYPE_CHECKING:
    from toban.engine.editions.edition import Edition
    from toban.engine.evidence.assertions import Judgement

METHOD = """Method: SQLite with {alerts:,} alerts of 30 days, each notified twice, {targets} targets with
three monitors each, 200 backups on hand of 2,000, 400 drills, 1,000 releases, and {entries:,} entries of the
audit log; the telemetry store is away. Milliseconds of {rounds} calls of each judge."""
_LIMIT = 50
_ON_HAND = 200

_MONITORS = """| サーバー{n} | CPU使用率 | 70% | 85% | 1分 |
| サーバー{n} | メモリ使用率 | 70% | 85% | 1分 |
| サーバー{n} | 応答時間 | 500ms | 1000ms | 1分 |
"""
_DOCUMENT = """# 運用設計書
## 2. 監視
### 監視項目
| 対象 | 監視項目 | 警告 | 異常 | 監視間隔 |
|---|---|---|---|---|
{monitors}
## 3. ログ管理
### ログ種別
| ログ種別 | 内容 | 出力先 | 保存期間 |
|---|---|---|---|
| アプリログ | 処理 | Loki | 90日 |
## 4. バックアップ・リストア
### バックアップ方針
| 対象 | 方式 | 頻度 | 世代管理 | 保存先 | 保存期間 |
|---|---|---|---|---|---|
| PostgreSQL | フルバックアップ | 日次 (2:00) | 30世代 | 倉庫 | 30日 |
## 5. デプロイ・リリース
### デプロイ方式
| 環境 | デプロイ方式 | トリガー | 承認 |
|---|---|---|---|
| 本番環境 | 手動 | リリース予定日時 | 運用責任者 |
### ロールバック手順
1. 問題検知 → 運用責任者判断
2. 前バージョンへ切り戻し (5分以内)
## 13. 重要な設計判断
### 判断
- **メトリクス監視**: CPU/メモリ
- **APM**: 応答時間
- **ログ集約**: Loki で一元管理
- **RPO 1時間**: 増分バックアップ
- **RTO 4時間**: 定期訓練
- **即時検知**: 1分以内に検知
- **迅速復旧**: ロールバック手順の自動化
"""
_BINDINGS = """
[stores."倉庫"]
kind = "directory"
path = "store"
[backups.PostgreSQL]
kind = "pg_dump"
dsn = "env:SHOP_DSN"
[releases.shop]
kind = "git"
url = "https://git.example.com/shop.git"
[deployments."本番環境"]
kind = "command"
serving = ["true"]
deploy = ["true"]
[people."運用責任者"]
email = "nami@example.com"
"""


def _alerts(count: int, now: datetime) -> None:
    from toban.engine.notify.models import Alert, Announcement, Delivery  # noqa: PLC0415
    from toban.message import plain  # noqa: PLC0415

    opened = [now - timedelta(days=30) * (number / count) + timedelta(minutes=1) for number in range(count)]
    alerts = Alert.objects.bulk_create(
        [
            Alert(
                key=f"k{number}", clause_id="monitoring/monitor/x", citation="d:1", clause_text="x",
                condition="warning", subject=plain("x"), value=plain("1"), limit=plain("0"), began_at=at,
                opened_at=at + timedelta(seconds=20), changed_at=at, resolved_at=at + timedelta(hours=1),
            )
            for number, at in enumerate(opened)
        ],
        batch_size=500,
    )  # fmt: skip
    told = Announcement.objects.bulk_create(
        [
            Announcement(
                alert=each, kind="firing", condition="warning", level="warning", title="x", facts=[], at=now
            )
            for each in alerts
        ],
        batch_size=500,
    )
    through: Any = Announcement.alerts.through
    through.objects.bulk_create(
        [
            through(announcement=each, alert=alert, kind="firing", condition="warning")
            for each, alert in zip(told, alerts, strict=True)
        ],
        batch_size=500,
    )
    Delivery.objects.bulk_create(
        [
            Delivery(
                announcement=each, key=f"{each.pk}/{channel}", destination=channel, channel=channel,
                recipients=["x"], rule_id="x", rule_citation="x", state="delivered", next_at=now,
                created_at=alert.opened_at, settled_at=alert.opened_at + timedelta(seconds=2),
            )
            for each, alert in zip(told, alerts, strict=True)
            for channel in ("slack", "mail")
        ],
        batch_size=500,
    )  # fmt: skip


def _backups(now: datetime) -> None:
    from toban.chapters.backup.models import Backup, Drill  # noqa: PLC0415

    hours = [now - timedelta(hours=number) for number in range(2000)]
    Backup.objects.bulk_create(
        Backup(
            subject="PostgreSQL", label=f"{at:%Y%m%dT%H%M%S}", clause_id="x", method="full", engine="pg_dump",
            engine_version="1", server_version="1", system_id="1", store="倉庫", started_at=at, ended_at=at,
            restorable_to=at, verified_at=at, pruned_at=None if number < _ON_HAND else now,
        )
        for number, at in enumerate(hours)
    )  # fmt: skip
    Drill.objects.bulk_create(
        Drill(
            subject="PostgreSQL", started_at=at, ended_at=at, label=f"{at:%Y%m%dT%H%M%S}", is_passed=True,
            rto_seconds=600,
        )
        for at in hours[:400]
    )  # fmt: skip


def _releases(now: datetime, entries: int) -> None:
    from toban.chapters.release.models import Release, StoredArtifact  # noqa: PLC0415
    from toban.engine.evidence import ledger  # noqa: PLC0415
    from toban.engine.evidence.models import LedgerEntry  # noqa: PLC0415
    from toban.engine.runs.models import Run  # noqa: PLC0415

    artifact = StoredArtifact.objects.create(service="shop", commit="a", label="v1", ordered_at=now)
    run = Run.objects.create(work="x", due_at=now, clause_id="release/x", reason="done", wake_at=now)
    Release.objects.bulk_create(
        Release(
            service="shop", environment="本番環境", deployment="本番環境", kind="rollback", state="done",
            artifact=artifact, clause_id="x", document_digest="", ordered_by="nami", planned_at=at,
            ordered_at=at, decided_at=at, began_at=at, served_at=at, checked_at=at, ended_at=at, run=run.pk,
        )
        for at in (now - timedelta(hours=number) for number in range(1000))
    )  # fmt: skip
    content = {"order": "run", "run": run.pk}
    kind, clauses = LedgerEntry.Kind.AUDIT, ("release/x", *(f"batch/{n}" for n in range(9)))
    records = [ledger.Record(kind, content, clause_id=clauses[n % len(clauses)]) for n in range(entries)]
    for start in range(0, entries, 1000):
        ledger.append(*records[start : start + 1000], now=now)


def _judged(edition: "Edition", now: datetime, rounds: int) -> Iterator[tuple[str, str, list[float]]]:
    from toban import wiring  # noqa: PLC0415
    from toban.chapters.decisions.operation import OPERATION  # noqa: PLC0415
    from toban.chapters.decisions.report import judgement_of  # noqa: PLC0415

    ports = wiring.parts().ports
    for row in edition.plan(OPERATION).testable:
        judge = partial(judgement_of, row, ports, edition, now)
        found = [_timed(judge) for _ in range(rounds + 1)]
        yield row.name, found[0][0], [took for _, took in found[1:]]


def _timed(judge: "Callable[[], Judgement]") -> tuple[str, float]:
    began = time.perf_counter()
    found = judge()
    return found.verdict.value, (time.perf_counter() - began) * 1000


@click.command(help=__doc__)
@click.option("--alerts", default=10_000, show_default=True)
@click.option("--targets", default=100, show_default=True)
@click.option("--entries", default=20_000, show_default=True)
@click.option("--rounds", default=9, show_default=True)
def main(alerts: int, targets: int, entries: int, rounds: int) -> None:
    """Fill a store of its own, and print what each judge takes."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"TOBAN_HOME": folder, "DJANGO_SETTINGS_MODULE": "toban.settings", "SHOP_DSN": "x"}
        os.environ.pop("TOBAN_STATE_URL", None)
        os.environ.pop("TOBAN_TELEMETRY_URL", None)
        import django  # noqa: PLC0415 - where its state is must be known first

        django.setup()
        _measure(Path(folder), alerts, targets, entries, rounds)


def _measure(folder: Path, alerts: int, targets: int, entries: int, rounds: int) -> None:
    from django.core.management import call_command  # noqa: PLC0415

    from toban import wiring  # noqa: PLC0415
    from toban.design.reader import read_design  # noqa: PLC0415
    from toban.engine.bindings.load import read_bindings  # noqa: PLC0415
    from toban.engine.editions.edition import Edition  # noqa: PLC0415
    from toban.engine.evidence import status  # noqa: PLC0415
    from toban.engine.evidence.status import StatusUpdate  # noqa: PLC0415
    from toban.engine.evidence.verdict import Verdict  # noqa: PLC0415
    from toban.message import NOTHING  # noqa: PLC0415

    call_command("migrate", verbosity=0)
    parts, now = wiring.parts(), datetime.now(UTC)
    monitors = "".join(_MONITORS.format(n=number) for number in range(targets))
    design = read_design(_DOCUMENT.format(monitors=monitors), "運用設計書.md")
    edition = Edition(design, read_bindings(_BINDINGS, folder / "toban.toml", parts.schema), parts.kinds)
    _alerts(alerts, now)
    _backups(now)
    _releases(now, entries)
    rows = [row for row in design.clauses if row.kind in ("monitor", "log-kind")]
    status.show([StatusUpdate(row.id, Verdict.CONFORMING, NOTHING, NOTHING, now) for row in rows], now, "")
    click.echo(METHOD.format(alerts=alerts, targets=targets, entries=entries, rounds=rounds))
    click.echo(f"\n{'judge':<12} {'verdict':<15} {'median':>8} {'worst':>8}")
    for name, verdict, took in _judged(edition, now, rounds):
        over = f"  more than {_LIMIT} ms" if statistics.median(took) > _LIMIT else ""
        click.echo(f"{name:<12} {verdict:<15} {statistics.median(took):8.1f} {max(took):8.1f}{over}")
        state(f"{name}, median", statistics.median(took), "ms", most=_LIMIT)


if __name__ == "__main__":
    main()
