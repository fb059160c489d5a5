"""What a monitor watches, with one name for each metric: CPU使用率, メモリ, レスポンスタイム, error rate."""

import re
from enum import StrEnum

from toban.design.values.normal import plain


class Metric(StrEnum):
    """A metric; the value is its name in the telemetry store, including the unit."""

    AVAILABILITY = "availability_percent"
    CPU_USAGE = "cpu_usage_percent"
    MEMORY_USAGE = "memory_usage_percent"
    DISK_USAGE = "disk_usage_percent"
    CONNECTIONS = "connections"
    RESPONSE_TIME = "response_time_ms"
    ERROR_RATE = "error_rate_percent"
    UP = "up"
    CERTIFICATE_LIFETIME = "certificate_lifetime_days"
    REPLICATION_LAG = "replication_lag_seconds"
    QUEUE_LENGTH = "queue_length"
    BACKUP_AGE = "backup_age_seconds"
    """The age of the newest moment that a restore could bring back."""
    LOG_COUNT = "log_rows"
    """Log rows matching the row's name, written within the row's own time window."""
    USED_AMOUNT = "used_amount"
    """How much of a resource is used, in bytes or as a plain number; no monitor watches it."""
    LIMIT_AMOUNT = "limit_amount"
    """How much of it there is in reality, in the same unit."""

    @property
    def unit(self) -> str:
        """The unit of its values, as documents write it; empty for a plain number."""
        return _UNITS.get(self, "%" if self.value.endswith("_percent") else "")

    @property
    def label(self) -> str:
        """Its Japanese name."""
        return _LABELS[self]


_UNITS = {
    Metric.RESPONSE_TIME: "ms",
    Metric.CERTIFICATE_LIFETIME: "日",
    Metric.REPLICATION_LAG: "秒",
    Metric.BACKUP_AGE: "秒",
    Metric.LOG_COUNT: "件",
}
_LABELS = {
    Metric.AVAILABILITY: "稼働率",
    Metric.CPU_USAGE: "CPU使用率",
    Metric.MEMORY_USAGE: "メモリ使用率",
    Metric.DISK_USAGE: "ディスク使用率",
    Metric.CONNECTIONS: "接続数",
    Metric.RESPONSE_TIME: "レスポンスタイム",
    Metric.ERROR_RATE: "エラー率",
    Metric.UP: "死活",
    Metric.CERTIFICATE_LIFETIME: "証明書の残り日数",
    Metric.REPLICATION_LAG: "レプリケーション遅延",
    Metric.QUEUE_LENGTH: "キュー長",
    Metric.BACKUP_AGE: "戻せる時点の古さ",
    Metric.LOG_COUNT: "ログ件数",
    Metric.USED_AMOUNT: "使用量",
    Metric.LIMIT_AMOUNT: "実際の上限",
}
_LOG_OF = (
    r"trace|debug|info|warn(?:ing)?|error|critical|fatal|エラー|警告|アクセス|監査|アプリ(?:ケーション)?"
)
_ROWS = r"(?:の)?(?:件数|行数|発生数|出力数|出力件数)"
_USE = r"(?:の| )?(?:使用率|利用率|使用量| ?usage| ?utili[sz]ation| ?%)?"
_SPANS = "月間|年間|四半期|半期|週間|通年|月次|年次"
_WORDS = {
    Metric.AVAILABILITY: rf"(?:(?:サービス|システム|オンライン|{_SPANS})の?)*(?:稼働率|可用性)(?:\s?\((?:{_SPANS})\))?"
    r"|(?:(?:service|system|monthly|annual|yearly|quarterly) )*(?:availability|uptime)",
    Metric.CPU_USAGE: rf"cpu{_USE}",
    Metric.MEMORY_USAGE: rf"(?:メモリー?|memory|ram){_USE}",
    Metric.DISK_USAGE: rf"(?:ディスク|disk|ストレージ|storage)(?:容量)?{_USE}",
    Metric.CONNECTIONS: r"(?:db|データベース|postgresql|mysql|database)? ?(?:接続数|コネクション数|connections?)",
    Metric.RESPONSE_TIME: r"(?:api|オンライン)? ?(?:平均)?(?:レスポンスタイム|レスポンス時間|応答時間|レイテンシー?|latency|response time)"
    r"(?: ?\(?(?:平均|mean|avg|ms)\)?)?",
    Metric.ERROR_RATE: r"(?:api|http)? ?(?:エラー率|エラーレート|error rate)|5xx ?(?:エラー)?率|5xx (?:error )?rate",
    Metric.UP: r"(?:サービス|プロセス)?死活(?:監視)?|(?:サービス)?(?:up|稼働状態)",
    Metric.CERTIFICATE_LIFETIME: r"(?:ssl|tls|ssl/tls)? ?(?:サーバー?)?証明書(?:の)?(?:有効期限|期限|残り日数)|"
    r"(?:ssl|tls) cert(?:ificate)? expir(?:y|ation)",
    Metric.REPLICATION_LAG: r"(?:レプリケーション|レプリカ)(?:の)?(?:遅延|ラグ)|replica(?:tion)? lag",
    Metric.BACKUP_AGE: r"(?:戻せる時点|(?:最新の)?バックアップ)の(?:古さ|経過時間)|(?:backup|recovery point) age",
    # A bare level means its rows only in capitals: "warning" or "Errors" may count other things.
    Metric.LOG_COUNT: rf"(?:{_LOG_OF})? ?(?:レベル)?(?:の)? ?ログ{_ROWS}?|(?:{_LOG_OF}){_ROWS}"
    r"|(?-i:WARN|WARNING|ERROR|CRITICAL|FATAL)|(?:error |access |audit )?log (?:count|lines|rows)|level:\w+",
    Metric.QUEUE_LENGTH: r"キュー(?:の)?(?:長|滞留数?|深度|サイズ)|queue (?:length|depth|size)",
}
NAMED = frozenset(_WORDS)
"""The metrics that rows may name; the others are Toban's own."""
_PATTERNS = {metric: re.compile(words, re.IGNORECASE) for metric, words in _WORDS.items()}


def read_metric(text: str) -> Metric | None:
    """Read the name of a metric, if the whole of *text* is one of the known names.

    Known names include the store's own name of a metric (cpu_usage_percent), and names written with
    underscores.
    """
    text = plain(text)
    if text in NAMED:
        return Metric(text)
    text = text.replace("_", " ")
    return next((metric for metric, pattern in _PATTERNS.items() if pattern.fullmatch(text)), None)
