"""Tables of every kind whose meaning is known: the headings, columns and values that real documents write.

A column has several names; each of its cells is paired with what it means. A meaning is written as `said`
gives the clause's field.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from toban.design.values.schedule import Schedule
from toban.design.values.threshold import Range, Threshold


@dataclass(frozen=True)
class Known:
    """A column: its names, the clause's field, and cells with their meanings."""

    names: tuple[str, ...]
    field: str
    cells: tuple[tuple[str, str], ...]
    is_optional: bool = False


@dataclass(frozen=True)
class KnownTable:
    """A kind's table, with the headings that documents put above it."""

    kind: str
    headings: tuple[str, ...]
    columns: tuple[Known, ...]
    """Two columns of one field state it together, in this order: how often, and at what time."""


def said(value: object) -> str:
    """Write a field's value so that a table of meanings can name it."""
    match value:
        case Threshold():
            held = f" for {value.sustained}" if value.sustained else ""
            counted = f" x{value.consecutive}" if value.consecutive else ""
            within = f" in {value.within}" if value.within else ""
            return f"{value.comparison.value}{value.limit}{held}{counted}{within}"
        case Range():
            return f"{value.low}..{value.high}"
        case Schedule():
            until = f"-{value.until:%H:%M}" if value.until else ""
            parts = (
                value.cadence.value,
                value.every,
                "".join(value.weekdays),
                value.day,
                f"x{value.times}" if value.times else "",
                f":{value.minute:02}" if value.minute is not None else "",
                f"{value.at:%H:%M}{until}" if value.at else "",
                value.zone,
            )
            return " ".join(str(part) for part in parts if part)
        case tuple():
            return " / ".join(map(said, value))
        case None:
            return "-"
        case _:
            return str(value)


def same(*texts: str) -> tuple[tuple[str, str], ...]:
    """Return cells that mean what they say."""
    return tuple((text, text) for text in texts)


_HOW_OFTEN = (
    ("日次", "daily"),
    ("週次", "weekly"),
    ("月次", "monthly"),
    ("毎日", "daily"),
    ("Daily", "daily"),
)
_OFTEN = (
    *_HOW_OFTEN,
    ("毎日 02:00", "daily 02:00"),
    ("毎日02:00", "daily 02:00"),
    ("毎朝9:00", "daily 09:00"),
    ("日次（02:00 JST）", "daily 02:00 Asia/Tokyo"),
    ("毎週日曜 02:00", "weekly 日 02:00"),
    ("毎週月曜日 10:00", "weekly 月 10:00"),
    ("週次（日曜日 2:00-4:00）", "weekly 日 02:00-04:00"),
    ("6時間毎", "interval 6時間"),
    ("30分おき", "interval 30分"),
    ("every 15 minutes", "interval 15分"),
    ("四半期ごと", "quarterly"),
    ("半年ごと", "half-yearly"),
    ("年次", "yearly"),
    ("Quarterly", "quarterly"),
    ("Daily 01:00 UTC", "daily 01:00 UTC"),
)
_CLOCK = (("02:00", "02:00"), ("3:30", "03:30"), ("22:00", "22:00"))
_KEPT = (
    ("7日", "7日"),
    ("30日間", "30日"),
    ("12ヶ月", "12ヶ月"),
    ("1年", "1年"),
    ("無期限", "無期限"),
    ("4週間", "4週間"),
)
_WITHIN = (("15分以内", "15分"), ("1時間以内", "1時間"), ("< 4 hours", "4時間"), ("30分", "30分"))
_DURATIONS = (
    ("15分", "15分"),
    ("4時間", "4時間"),
    ("1 hour", "1時間"),
    ("24時間", "24時間"),
    ("5 minutes", "5分"),
)

TABLES: Sequence[KnownTable] = (
    KnownTable(
        "monitor",
        (
            "監視項目",
            "システム監視",
            "アラート設定",
            "パフォーマンス監視",
            "Alert Configuration",
            "主要メトリクス",
        ),
        (
            Known(
                ("監視項目", "項目", "メトリクス", "指標", "Metric"),
                "item",
                same("CPU使用率", "メモリ使用率", "エラー率", "接続数の割合"),
            ),
            Known(
                ("警告閾値", "警告", "Warning", "閾値（Warning）", "閾値(警告)", "警告閾値 (Warning)"),
                "warning",
                (
                    ("> 70%", ">70%"),
                    ("75%以上", ">=75%"),
                    (">80% for 5分", ">80% for 5分"),
                    ("70%以上が10分継続", ">=70% for 10分"),
                    ("80% 超 5 分", ">80% for 5分"),
                    ("20%未満", "<20%"),
                    ("< 14 days", "<14日"),
                    ("500ms 超", ">500ms"),
                    ("> 5秒", ">5秒"),
                    ("5分間に10件以上", ">=10件 in 5分"),
                ),
            ),
            Known(
                (
                    "危険閾値",
                    "危険",
                    "Critical",
                    "閾値（Critical）",
                    "閾値(異常)",
                    "重大閾値",
                    "致命的障害閾値 (Critical)",
                ),
                "critical",
                (("> 90%", ">90%"), ("95%以上", ">=95%"), ("> 85% (5分間)", ">85% for 5分")),
            ),
            Known(
                ("監視対象", "コンポーネント", "サービス", "対象"),
                "target",
                same("APサーバー", "検索API", "会員DB"),
                is_optional=True,
            ),
            Known(
                ("監視間隔", "確認間隔"),
                "interval",
                (("1分", "1分"), ("30秒", "30秒"), ("5分間隔", "5分")),
                is_optional=True,
            ),
            Known(
                ("アクション", "対応", "対応手順", "Action"),
                "response",
                same("再起動する", "担当に連絡"),
                is_optional=True,
            ),
        ),
    ),
    KnownTable(
        "objective",
        ("サービスレベル目標", "SLA 定義", "可用性目標", "目標値", "Performance Targets", "KPI管理"),
        (
            Known(
                ("項目", "指標", "KPI", "SLA項目", "Metric", "メトリクス"),
                "name",
                same("稼働率", "成功率", "システム稼働率"),
            ),
            Known(
                ("目標値", "目標", "SLO（目標）", "Target", "要件値"),
                "target",
                (("99.9%以上", ">=99.9%"), ("≥99.5%", ">=99.5%"), ("99.95%", ">=99.95%"), ("> 99%", ">99%")),
            ),
            Known(("測定期間", "期間"), "period", same("月間", "四半期"), is_optional=True),
            Known(("測定方法", "備考", "優先度"), "", same("外形監視", "自動集計"), is_optional=True),
        ),
    ),
    KnownTable(
        "recovery-objective",
        ("RPO/RTO", "復旧目標", "災害復旧計画", "Disaster Recovery", "Service-Level RTO/RPO Targets"),
        (
            Known(
                ("サービス", "システム/機能", "対象", "Service", "コンポーネント"),
                "subject",
                same("会員DB", "検索API", "Ledger"),
            ),
            Known(("RPO", "RPO Target", "Target RPO"), "RPO", _DURATIONS),
            Known(("RTO", "RTO Target", "Target RTO"), "RTO", _DURATIONS),
            Known(
                ("優先度", "備考", "Justification", "復旧方法"),
                "",
                same("高", "P1", "再構築"),
                is_optional=True,
            ),
        ),
    ),
    KnownTable(
        "backup-policy",
        (
            "バックアップ",
            "バックアップ方式",
            "バックアップスケジュール",
            "バックアップ対象",
            "Backup strategy",
        ),
        (
            Known(
                ("対象", "データ種別", "バックアップ対象", "データタイプ", "Data Type"),
                "subject",
                same("会員DB", "設定ファイル", "PostgreSQL"),
            ),
            Known(
                ("方式", "種別", "バックアップ方式", "バックアップ種別"),
                "method",
                same("フルバックアップ", "増分", "スナップショット"),
                is_optional=True,
            ),
            Known(("頻度", "バックアップ頻度", "Backup Frequency"), "schedules", _OFTEN),
            Known(("保持期間", "保存期間"), "retention", _KEPT),
            Known(("保存先", "ストレージ"), "destination", same("S3", "/backup/db"), is_optional=True),
        ),
    ),
    KnownTable(
        "log-kind",
        ("ログ設計", "ログ管理", "ログ保持期間", "ログ種別", "Logging"),
        (
            Known(
                ("ログ種別", "ログファイル"), "name", same("アクセスログ", "アプリケーションログ", "監査ログ")
            ),
            Known(("保持期間", "保存期間", "推奨保持期間"), "retention", _KEPT),
            Known(
                ("記録内容", "用途", "出力内容"),
                "content",
                same("要求と応答", "操作の履歴"),
                is_optional=True,
            ),
            Known(("備考", "ローテーション"), "", same("日ごと", "圧縮"), is_optional=True),
        ),
    ),
    KnownTable(
        "batch",
        ("バッチ一覧", "ジョブ一覧", "バッチ処理概要", "Batch Job Inventory"),
        (
            Known(("バッチID", "ジョブID"), "batch_id", same("B001", "JOB-12", "BATCH-301")),
            Known(("バッチ名", "ジョブ名"), "name", same("売上集計", "会員連携")),
            Known(("実行頻度", "実行スケジュール", "頻度", "Schedule"), "schedule", _OFTEN),
            Known(("処理内容", "説明"), "work", same("前日分を集計", "差分の連携"), is_optional=True),
            Known(
                ("失敗時対応", "失敗時の対応"),
                "on_failure_text",
                same("再実行", "翌日再実行"),
                is_optional=True,
            ),
        ),
    ),
    KnownTable(
        "incident-level",
        ("障害レベル定義", "インシデント分類", "Severity Levels", "障害分類"),
        (
            Known(
                ("レベル", "重要度", "障害レベル", "Severity"),
                "name",
                same("Critical", "High", "重大", "P1", "軽微"),
            ),
            Known(("説明", "定義", "Description"), "definition", same("全機能の停止", "一部の機能の停止")),
            Known(("対応時間", "対応時間目標", "Response Time"), "respond_within", _WITHIN),
            Known(("目標復旧時間", "復旧目標"), "recover_within", _DURATIONS, is_optional=True),
            Known(("例", "影響範囲"), "", same("決済の停止", "全利用者"), is_optional=True),
        ),
    ),
    KnownTable(
        "failure-pattern",
        ("障害パターンと初動", "よくある障害と対応", "トラブルシューティング", "エラー分類"),
        (
            Known(("障害", "エラー", "症状", "問題"), "name", same("接続エラー", "応答の遅延")),
            Known(("原因",), "cause", same("接続数の上限", "索引の不足")),
            Known(("対応方法", "対処法", "対応", "解決策"), "remedies", same("再起動", "上限を上げる")),
        ),
    ),
    KnownTable(
        "notification-rule",
        ("通知設定", "アラート通知", "Alert Routing", "通知先"),
        (
            Known(
                ("アラートレベル", "重要度", "レベル", "Severity"), "level_name", same("Critical", "Warning")
            ),
            Known(("通知先", "受領者"), "recipients", same("運用担当者", "基盤チーム")),
            Known(("通知方法", "通知手段"), "channels", same("Slack", "電話", "PagerDuty")),
        ),
    ),
    KnownTable(
        "duty-role",
        ("運用体制", "連絡体制", "担当者一覧", "緊急連絡先"),
        (
            Known(("役割", "Role"), "role", same("運用責任者", "開発担当", "DBA")),
            Known(("担当者", "担当"), "holder", same("山田", "佐藤")),
            Known(
                ("対応時間", "対応時間帯"), "hours", (("24/7", "24時間365日"), ("24時間365日", "24時間365日"))
            ),
            Known(("責務", "責任範囲"), "duties", same("全体の統括", "一次対応"), is_optional=True),
        ),
    ),
    KnownTable(
        "routine",
        ("定期作業", "定常運用", "定期メンテナンス", "日常作業一覧"),
        (
            Known(
                ("作業", "タスク", "作業項目", "作業内容"),
                "name",
                same("ログの確認", "証明書の点検", "容量の確認"),
            ),
            Known(("頻度", "実施頻度"), "schedule", _OFTEN),
            Known(("担当", "担当者"), "owner", same("運用担当", "基盤係")),
            Known(("所要時間", "影響", "優先度"), "", same("30分", "なし", "高"), is_optional=True),
        ),
    ),
    KnownTable(
        "managed-document",
        ("ドキュメント一覧", "文書管理", "ドキュメント管理"),
        (
            Known(("ドキュメント", "ドキュメント名", "文書名"), "name", same("運用手順書", "構成図")),
            Known(("更新頻度",), "update", _OFTEN),
            Known(("管理場所", "保管場所"), "places", same("Wiki", "共有フォルダ"), is_optional=True),
        ),
    ),
    KnownTable(
        "budget",
        ("コスト管理", "コスト監視", "予算"),
        (
            Known(("サービス", "項目"), "item", same("EC2", "データ転送")),
            Known(
                ("月間予算", "月額予算"),
                "monthly",
                (("100,000円", "¥100,000"), ("¥50,000", "¥50,000"), ("$500", "$500")),
            ),
            Known(("確認頻度",), "check", (("週次", "weekly"), ("月次", "monthly")), is_optional=True),
        ),
    ),
    KnownTable(
        "resource-usage",
        ("キャパシティ管理", "リソース使用状況", "容量管理"),
        (
            Known(("リソース", "対象"), "resource", same("ディスク", "オブジェクトストレージ")),
            Known(("現在使用量", "現在", "使用量"), "used", (("50GB", "50GB"), ("1.2TB", "1.2TB"))),
            Known(("上限", "最大"), "limit", (("100GB", "100GB"), ("2TB", "2TB"))),
        ),
    ),
    KnownTable(
        "batch",
        ("バッチ一覧", "実行スケジュール（バッチ）", "ジョブ管理"),
        (
            Known(("バッチID", "ジョブID"), "batch_id", same("B001", "JOB-12")),
            Known(("バッチ名", "ジョブ名"), "name", same("売上集計", "会員連携")),
            Known(("実行頻度", "頻度"), "schedule", _HOW_OFTEN),
            Known(("実行時間", "実行時刻", "開始時刻"), "schedule", _CLOCK),
        ),
    ),
    KnownTable(
        "backup-policy",
        ("バックアップスケジュール", "バックアップ計画", "データベースバックアップ"),
        (
            Known(("種別", "バックアップ種別"), "method", same("フルバックアップ", "差分")),
            Known(("対象", "バックアップ対象"), "subject", same("会員DB", "PostgreSQL")),
            Known(("頻度", "バックアップ頻度"), "schedules", _HOW_OFTEN),
            Known(("実行時間", "取得時刻"), "schedules", _CLOCK),
            Known(("保持期間", "保存期間"), "retention", _KEPT),
        ),
    ),
    KnownTable(
        "routine",
        ("定期作業", "定期メンテナンス", "日常業務の作業"),
        (
            Known(("作業", "タスク", "作業項目"), "name", same("ログの確認", "証明書の点検")),
            Known(("頻度",), "schedule", _HOW_OFTEN),
            Known(("実施時間", "時刻", "時間"), "schedule", _CLOCK),
            Known(("担当", "担当者"), "owner", same("運用担当", "基盤係")),
        ),
    ),
)
