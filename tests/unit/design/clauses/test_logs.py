from collections.abc import Callable
from decimal import Decimal

import pytest

from toban.design.clauses.logs import LogFormat, LogKind, LogLevel
from toban.design.reader import Design
from toban.design.values.duration import Duration, TimeUnit

type Read = Callable[..., Design]


def days(amount: int) -> Duration:
    return Duration(Decimal(amount), TimeUnit.DAY)


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("ログ種別 | 内容 | 出力先 | 保存期間", "監査ログ | 操作 | S3 | 90日"),
        ("ログ種別 | ファイルパス | 保存期間 | ローテーション", "監査ログ | S3 | 90日 | 日次"),
        ("ログファイル | 保管先 | 保持期間 | ローテーション条件", "監査ログ | S3 | 90日 | 毎日"),
        ("Log | Location | Retention", "監査ログ | S3 | 90 days"),
    ],
)
def test_a_kind_of_log_has_a_destination_and_a_retention(read: Read, header: str, row: str) -> None:
    rule = " | ".join("-" for _ in header.split("|"))

    (kind,) = read("## ログ管理", f"| {header} |", f"| {rule} |", f"| {row} |").of(LogKind)

    assert (kind.name, kind.destination, kind.retention) == ("監査ログ", "S3", days(90))


@pytest.mark.parametrize("source", ["ログソース", "ソース", "Source", "Log source"])
def test_a_log_group_says_what_it_holds_by_its_source(source: str, read: Read) -> None:
    design = read(
        "## ログ保管",
        f"| ロググループ名 | {source} | 保持期間 |",
        "|-|-|-|",
        "| /ecs/app | アプリケーション | 90日 |",
    )

    assert [(kind.name, kind.content) for kind in design.of(LogKind)] == [("/ecs/app", "アプリケーション")]


def test_log_columns_need_no_heading(read: Read) -> None:
    assert read("## 監査", "| ログ種別 | 保持期間 |", "|-|-|", "| 変更 | 30日 |").of(LogKind)[
        0
    ].retention == days(30)


def test_kinds_may_be_listed_under_retention(read: Read) -> None:
    design = read("## メトリクス保存期間", "- Prometheus: 15日間", "- アプリケーションログ: 30日間")

    assert [(kind.name, kind.retention) for kind in design.of(LogKind)] == [
        ("アプリケーションログ", days(30))
    ]


def test_one_cell_may_hold_a_retention_for_each_kind(read: Read) -> None:
    design = read(
        "## 運用性要件", "| 要件 | 実現方法 |", "|-|-|", "| ログ保存期間 | アプリログ: 90日、監査ログ: 30日 |"
    )

    assert [(kind.name, kind.retention) for kind in design.of(LogKind)] == [
        ("アプリログ", days(90)),
        ("監査ログ", days(30)),
    ]
    assert design.rows == 1


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ("○", True),
        ("◯", True),
        ("✅ 有効", True),
        ("出力する", True),
        ("×", False),
        ("❌ 無効", False),
        ("-", False),
        ("なし", False),
    ],
)
def test_a_level_says_whether_production_writes_it(read: Read, cell: str, written: bool) -> None:
    (level,) = read(
        "## ログレベル", "| レベル | 用途 | 本番環境出力 |", "|-|-|-|", f"| DEBUG | 調査 | {cell} |"
    ).of(LogLevel)

    assert level.in_production is written


def test_without_a_production_column_a_level_leaves_it_open(read: Read) -> None:
    (level,) = read("## ログレベル", "| レベル | 用途 |", "|-|-|", "| WARN | 警告 |").of(LogLevel)

    assert level.in_production is None


@pytest.mark.parametrize(
    ("purpose", "written"),
    [
        ("客室の鍵の追跡。本番では出力しない", False),
        ("開発・検証環境のみ", False),
        ("調査用、本番環境では無効", False),
        ("local builds only", False),
        ("traces of one loan, never in production", False),
        ("開発時の詳細と業務の出来事", None),
        ("本番でも出力する", None),
        ("events of production", None),
    ],
)
def test_the_purpose_of_a_level_may_say_that_production_does_not_write_it(
    read: Read, purpose: str, written: bool | None
) -> None:
    (row,) = read("## ログレベル", "| レベル | 用途 |", "|-|-|", f"| DEBUG | {purpose} |").of(LogLevel)
    (entry,) = read("## ログレベル", f"- DEBUG: {purpose}").of(LogLevel)

    assert (row.in_production, entry.in_production) == (written, written)


@pytest.mark.parametrize(
    ("header", "rows"),
    [
        ("出来事 | レベル | 説明", ("| 予約の取消 | INFO | 取り消した |", "| 鍵の故障 | ERROR | 開かない |")),
        ("レベル | 内容", ("| ERROR | 会計の失敗 |", "| ERROR | 在庫の不一致 |", "| WARN | 遅れ |")),
        ("Event | Level | Description", ("| loan refused | WARN | card blocked |",)),
    ],
)
def test_events_in_the_log_are_not_log_levels(read: Read, header: str, rows: tuple[str, ...]) -> None:
    rule = "|".join("-" for _ in header.split("|"))

    design = read("## ログ log", f"| {header} |", f"|{rule}|", *rows)

    assert design.of(LogLevel) == ()
    assert len(design.unread) == len(rows)


def test_incident_levels_are_not_log_levels(read: Read) -> None:
    design = read("## ログ", "| レベル | 用途 |", "|-|-|", "| 重大 | 全停止 |")

    assert design.of(LogLevel) == ()


def test_format_keeps_the_order_of_the_fields(read: Read) -> None:
    design = read(
        "## ログフォーマット (JSON)", "```json", '{"time": 1, "level": "INFO", "message": ""}', "```"
    )

    assert [sample.fields for sample in design.of(LogFormat)] == [("time", "level", "message")]


@pytest.mark.parametrize("text", ['{"time": }', "[1, 2]", "{}", "[" * 5000])
def test_a_sample_that_is_not_a_record_is_unread(read: Read, text: str) -> None:
    design = read("## ログフォーマット", "```json", text, "```")

    assert design.of(LogFormat) == ()
    assert len(design.unread) == 1


def test_code_that_writes_logs_is_not_a_sample(read: Read) -> None:
    design = read("## ログフォーマット", "- DEBUG: 調査", "```python", "log.info('x')", "```")

    assert design.unread == ()


@pytest.mark.parametrize("name", ["日次バックアップ", "宿泊者データ", "DB snapshot"])
def test_what_is_kept_beside_logs_is_no_log(read: Read, name: str) -> None:
    design = read("## ログの保存", "| 種別 | 保存期間 |", "|-|-|", "| 入退館 | 90日 |", f"| {name} | 7日 |")

    assert [kind.name for kind in design.of(LogKind)] == ["入退館"]
