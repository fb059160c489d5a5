"""Every value that is assumed is said, applies to rows, and can be overridden."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.registered import PARTS

from toban.design.reader import Design, read_design
from toban.engine.assumptions.taken import TakenValue, places, taken
from toban.engine.assumptions.vague import settle
from toban.engine.bindings.load import read_bindings
from toban.engine.bindings.model import Bindings
from toban.engine.bindings.section import Assumed, Section

DOCUMENT = """\
# 運用設計書

## 体制
| 役割 | 連絡先 | 対応時間 |
|-----|-------|---------|
| 運用責任者 | ops@example.com | 平日 9:00-18:00 |
| 緊急連絡先 | 電話 | 24時間365日 |

## サービスレベル
| 項目 | 目標値 |
|-----|-------|
| 稼働率 | 99.9% |

## 監視
### 監視項目
| 監視対象 | 監視項目 | 警告 | 異常 |
|---------|---------|------|------|
| Web | CPU使用率 | 80%以上 | 90%以上 |

### 監視ツール
| 用途 | ツール |
|-----|-------|
| 例外の収集 | Sentry |

## 通知
| レベル | 通知先 | 通知方法 | 通知タイミング |
|-------|-------|---------|---------------|
| 異常 | 運用責任者 | メール | 即時 |

## ログ
| ログ種別 | 内容 | 保存先 | 保存期間 |
|---------|-----|-------|---------|
| 監査ログ | 操作 | S3 | 永久 |

## バックアップ
| 対象 | 方式 | 頻度 | 保存期間 |
|-----|-----|------|---------|
| DB | フルバックアップ | 日次 2:00 | 30日 |
| DB | WALアーカイブ | 随時 | 7日 |

## デプロイ・リリース
### デプロイ方式
| 環境 | デプロイ方式 | トリガー | 承認 |
|-----|-----------|---------|-----|
| ステージング環境 | 自動 | releaseブランチ作成時 | 不要 |
| 本番環境 | 手動 | リリース予定日時 | 運用責任者 |

### リリーススケジュール
| リリース種別 | 頻度 | タイミング |
|------------|-----|-----------|
| マイナーリリース | 月1回 | 毎月第2火曜日 |

### ロールバック手順
1. 前バージョンへ切り戻し (5分以内)
2. 原因調査・対策

## バッチ
| バッチID | バッチ名 | 実行時刻 | 処理内容 | 失敗時の対応 |
|---------|---------|---------|---------|------------|
| B001 | 集計 | 日次 3:00 | 集計する | 再実行 |

## デプロイ・リリース
### デプロイ方式
| 環境 | デプロイ方式 | トリガー | 承認 |
|-----|-----------|---------|-----|
| 本番環境 | 手動 | リリース予定日時 | 運用責任者 |

### リリーススケジュール
| リリース種別 | 頻度 | タイミング |
|-----------|-----|----------|
| マイナーリリース | 月1回 | 毎月第2火曜日 |

## セキュリティ運用
### 脆弱性管理
| 項目 | 頻度 | 内容 |
|-----|-----|-----|
| 脆弱性スキャン | 週次 | CVEチェック |
| セキュリティパッチ適用 | 毎月第2火曜 | 修正版の適用 |

### アクセス管理
- **アクセス権限レビュー**: 四半期毎
- **退職者アカウント削除**: 即日

## キャパシティ管理
### リソース使用状況
| リソース | 現在使用量 | 上限 | 使用率 | 次回拡張予定 |
|---------|----------|-----|-------|------------|
| DBストレージ | 100GB | 500GB | 20% | 使用率70%到達時 |
| 画像ストレージ | 100GB | 1TB | 10% | 使用率70%到達時 |

### スケーリング
| トリガー | アクション | タイミング |
|---------|----------|----------|
| CPU使用率70% | Web1台追加 | 自動 |
| ストレージ使用率70% | ストレージ拡張 | 手動 |

## 定期作業
### 月次作業
| 作業項目 | 実施日 | 担当者 | 内容 |
|---------|-------|-------|------|
| バックアップリストアテスト | 第1月曜 | 運用責任者 | 取り戻す |
| エラーログ分析 | 第1営業日 10:00 | 運用責任者 | 傾向を見る |

## コスト管理
### コスト監視
| 項目 | 月額予算 | アラートしきい値 | 確認頻度 |
|-----|---------|---------------|---------|
| EC2 | ¥200,000 | ¥220,000 | 日次 |

### コスト最適化
- リザーブドインスタンス: DBは予約購入
- 夜間縮小: サーバーは夜間・休日は最小台数

## 障害対応
### 障害レベル定義
| レベル | 定義 | 対応時間 |
|-------|------|---------|
| Critical | サービス全停止 | 即時対応 (1時間以内復旧) |

### 障害対応フロー
1. 障害検知
2. 報告書作成
3. 再発防止策実施

### 主要障害パターンと対処
| 障害パターン | 原因 | 対処 |
|------------|------|------|
| Webサーバーダウン | プロセス停止 | プロセス再起動 |

## ドキュメント管理
### 運用ドキュメント一覧
| ドキュメント名 | 更新頻度 | 管理場所 |
|--------------|---------|---------|
| 構成図 | 変更時 | Wiki |

### ドキュメント更新
- 四半期毎にドキュメントレビュー
"""
DESIGN = read_design(DOCUMENT, "運用設計書.md")
BOUND = """\
[targets.Web]
sources = [{ kind = "prometheus", url = "http://127.0.0.1:9100/metrics" }]

[objectives."稼働率"]
target = "Web"

[errors.shop]
key = "env:KEY"

[backups.DB]
kind = "native"
dsn = "env:DSN"

[backups.DB.drill]
account = "nobody"

[batches.B001]
kind = "command"
command = ["true"]
approval = "運用責任者"

[releases.shop]
url = "https://git.example.com/shop.git"

[deployments."ステージング環境"]
kind = "command"
deploy = ["true"]
serving = ["true"]

[deployments."本番環境"]
kind = "command"
deploy = ["true"]
serving = ["true"]

[resources."DBストレージ"]
kind = "storage"
path = "/"

[resources."画像ストレージ"]
kind = "s3"
bucket = "shop-images"
region = "ap-northeast-1"

[scaling.Web]
kind = "autoscaling"
group = "web"
region = "ap-northeast-1"

[remedies."プロセス再起動"]
kind = "command"
command = ["true"]

[faults."Webサーバーダウン"]
break = ["true"]
restore = ["true"]

[game_days]
schedule = "毎月第1水曜 10:00"

[advisories]
folder = "osv"

[patching.web]
kind = "apt"
hosts = ["web-1"]
user = "toban"
key = "env:KEY"
known_hosts = "known_hosts"

[bills.cloud]
kind = "csv"
path = "costs.csv"

[commitments."リザーブドインスタンス"]
services = ["DB"]
until = 2027-03-31

[off_hours."夜間縮小"]

[documents."構成図"]
kind = "page"
url = "https://wiki.example.com/diagram"
"""
INSTEAD = {
    "[system] timezone": '"UTC"',
    "[system] holidays": '"none"',
    "[notices] repeat": '"1時間"',
    "[notices] escalate_after": '"7分"',
    "[monitoring] interval": '"7分"',
    "[monitoring] recovery_readings": "7",
    "[monitoring] silent_intervals": "7",
    "[runs] retry_after": '"7分"',
    "[objectives.稼働率] known": '"7%"',
    "[errors.shop] silent_after": '"3日"',
    "[error_tracking] kept": '"7日"',
    "[backups.DB] late_after": '"7分"',
    "[backups.DB] log_lag": '"7分"',
    "[backups.DB.drill] at": '"7:07"',
    "[batches.B001] start_within": '"7分"',
    "[batches.B001] approval_within": '"7分"',
    "[logs] audit_kept": '"7年"',
    "[releases.shop] at": '"7:07"',
    "[deployments.本番環境] watch": '"7分"',
    "[deployments.本番環境] approval_within": '"7時間"',
    "[deployments.本番環境] begins_within": '"7分"',
    "[deployments.本番環境] serves_within": '"7分"',
    "[resources.DBストレージ] every": '"7分"',
    "[resources.画像ストレージ] every": '"7分"',
    "[scaling.Web] sustained": '"7分"',
    "[scaling.Web] approval_within": '"7時間"',
    "[capacity] extend_within": '"7日"',
    "[incidents] immediate": '"7分"',
    "[incidents] join_within": '"7分"',
    "[incidents] updates_every": '"7分"',
    "[incidents] report_within": "7",
    "[incidents] measures_within": "7",
    "[incidents] recurs_within": '"7日"',
    "[remedies.プロセス再起動] effect_within": '"7分"',
    "[remedies.プロセス再起動] approval_within": '"7時間"',
    "[game_days] announce": '"7日"',
    "[advisories] oldest": '"3日"',
    "[patches] at": '"7:07"',
    "[patches] approval_within": '"7時間"',
    "[patches] wait": '"7日"',
    "[access] every": '"7分"',
    "[access] oldest": '"7日"',
    "[access] dormant": '"7日"',
    "[access] leaves_at": '"7:07"',
    "[access] revoked_within": '"7日"',
    "[tasks] morning": '"7:07"',
    "[documents.構成図] about": '["release"]',
    "[bills.cloud] oldest": '"7日"',
    "[commitments.リザーブドインスタンス] warn_before": '"7日"',
    "[off_hours.夜間縮小] groups": "{ Web = 7 }",
    "[off_hours.夜間縮小] busy": '"平日7:07-22:00"',
    "[off_hours.夜間縮小] ready_before": '"7分"',
    "[off_hours.夜間縮小] needed_by": '["B001"]',
    "[off_hours.夜間縮小] approval_within": '"7時間"',
    "[costs] zone": '"Asia/Tokyo"',
    "[costs] tax": '"10%"',
    "[costs] amounts": '"effective"',
    "[costs] credits": '"counted"',
    "[costs] items": '{ EC2 = ["web"] }',
    "[costs] check_at": '"7:07"',
    "[document_keeping] update_within": "7",
    "[document_keeping] read_for": '"7分"',
    "[deployments.本番環境] cause_within": '"7営業日"',
    "[deployments.ステージング環境] drill": '"毎月第3火曜 10:00"',
}
"""Another value for each setting whose default is assumed."""


def bound(text: str = BOUND) -> Bindings:
    return read_bindings(text, Path("toban.toml"), PARTS.schema)


def by_setting(bindings: Bindings, design: Design = DESIGN) -> dict[str, TakenValue]:
    return {each.setting: each for each in taken(settle(design, bindings), bindings, PARTS.schema)}


def written(setting: str, value: str) -> str:
    """BOUND, with *setting* under its table, which may stand there already."""
    head, _, key = setting.partition(" ")
    line = f"{key} = {value}\n"
    names = (
        r"稼働率|プロセス再起動|本番環境|ステージング環境|DBストレージ|画像ストレージ|構成図|リザーブド\w+"
        "|夜間縮小"
    )
    quoted = re.sub(names, r'"\g<0>"', head)
    return (
        BOUND.replace(f"{quoted}\n", f"{quoted}\n{line}") if quoted in BOUND else f"{BOUND}\n{quoted}\n{line}"
    )


def marked() -> Iterator[tuple[type[Section], str]]:
    """Every key of every table in the code that says its default is assumed."""
    classes = [Section]
    while classes:
        found = classes.pop()
        classes += found.__subclasses__()
        for key in found.__annotations__:
            field = found.model_fields.get(key)
            if field is not None and any(isinstance(mark, Assumed) for mark in field.metadata):
                yield found, key


def test_every_value_that_a_table_assumes_is_listed_with_its_rows() -> None:
    listed = by_setting(bound())
    here = {
        (model, key)
        for place in places(bound(), PARTS.schema)
        for model in type(place.section).__mro__
        for key in getattr(model, "__annotations__", {})
    }

    assert set(marked()) <= here
    assert INSTEAD.keys() <= listed.keys()
    assert len(INSTEAD) == len(set(marked()))
    assert all(each.rows and each.said and each.why for each in listed.values())


@pytest.mark.parametrize(("setting", "value"), INSTEAD.items())
def test_a_value_that_is_assumed_is_overridden_by_its_setting(setting: str, value: str) -> None:
    before = by_setting(bound())[setting]

    after = by_setting(bound(written(setting, value)))[setting]

    assert (before.is_set, after.is_set) == (False, True)
    assert before.said.values["value"] != after.said.values["value"]


def test_rows_that_state_a_value_are_not_among_those_it_is_assumed_for() -> None:
    stated = DOCUMENT.replace(
        "| 警告 | 異常 |\n|---------|---------|", "| 警告 | 異常 | 監視間隔 |\n|---|---------|---------|"
    ).replace("| 80%以上 | 90%以上 |", "| 80%以上 | 90%以上 | 5分 |")

    found = by_setting(bound(), read_design(stated, "運用設計書.md"))

    assert "[monitoring] interval" not in found
    assert "[monitoring] recovery_readings" in found


def test_an_escalation_that_is_written_is_not_assumed() -> None:
    steps = '\n[[notices.escalation]]\nafter = "5分"\nto = ["運用責任者"]\n'

    assert "[notices] escalate_after" not in by_setting(bound(BOUND + steps))


def test_what_is_taken_is_said_with_its_value() -> None:
    found = by_setting(bound(written("[monitoring] interval", '"7分"')))["[monitoring] interval"]

    assert str(found.said) == "7分ごとに測ります"
    assert found.as_output()["rows"] == [
        {"id": row.id, "line": row.origin.line, "text": row.text} for row in found.rows
    ]
