"""What a tool is for: インフラ監視, アラート管理, エラートラッキング, ログ収集."""

import re
import unicodedata
from collections.abc import Iterable
from enum import StrEnum


class ToolPurpose(StrEnum):
    """What a document's tool does; each is somebody else's to compare with what is bound."""

    MEASURING = "measuring"
    NOTIFYING = "notifying"
    ERRORS = "errors"
    """Collecting exceptions."""
    LOGS = "logs"


_TRACKERS = re.compile(r"sentry|glitchtip|bugsnag|rollbar|honeybadger|crashlytics", re.IGNORECASE)
_PRODUCTS = re.compile(
    r"(?:aws |amazon |google |azure |grafana )?(?:cloudwatch|x-?ray|grafana|prometheus|alertmanager|datadog"
    r"|zabbix|nagios|mackerel|new ?relic|sentry|pagerduty|opsgenie|slack|teams|kibana|elasticsearch|elk|loki"
    r"|jaeger|splunk|uptime ?(?:robot|kuma)|pingdom|statuspage|cloud (?:monitoring|logging)|jp1|hinemos)\b",
    re.ASCII | re.IGNORECASE,
)
_PURPOSE = re.compile(
    r"監視|収集|通知|可視化|分析|解析|追跡|トラッキング|管理|トレーシング|計測|死活|ダッシュボード"
    r"|\b(?:metrics?|logs?|logging|monitoring|collection|alert(?:s|ing)?|dashboards?|visuali[sz]ation|tracing|tracking"
    r"|management|storage|notifications?|aggregation|analytics|probes?|checks?)\b",
    re.IGNORECASE,
)
_LOG = re.compile(r"ログ|log", re.IGNORECASE)
_ERROR = re.compile(r"例外|エラー|クラッシュ|exception|error|crash", re.IGNORECASE)
_NOTICE = re.compile(
    r"通知|アラート|連絡|オンコール|当番|エスカレーション|インシデント|notif|alert|on-?call|escalat|incident|paging",
    re.IGNORECASE,
)


def read_tool_purpose(purpose: str, tools: Iterable[str]) -> ToolPurpose:
    """Return what a row `purpose: tools` is about; a tool without a telling purpose measures."""
    if any(_TRACKERS.search(tool) for tool in tools):
        return ToolPurpose.ERRORS
    if _LOG.search(purpose):
        return ToolPurpose.LOGS
    if _ERROR.search(purpose):
        return ToolPurpose.ERRORS
    return ToolPurpose.NOTIFYING if _NOTICE.search(purpose) else ToolPurpose.MEASURING


def is_purpose(text: str) -> bool:
    """Say whether *text* says what a tool is for, though it may name one as well: Host-level metrics."""
    return _PURPOSE.search(text) is not None


def is_product(name: str) -> bool:
    """Say whether *name* is a tool's own: CloudWatch, Grafana."""
    return _PRODUCTS.match(unicodedata.normalize("NFKC", name)) is not None
