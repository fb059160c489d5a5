"""The reference document, and the bindings of a team that has what it names."""

import os
import re
from pathlib import Path
from string import Template

from tests.e2e.running import SHOP

_HERE = Path(__file__).parent
_DIFFERENT = {
    "サーバーの監視": "- **インフラ監視**: CloudWatch / Datadog",
    "応答の監視": "- **APM**: New Relic / Datadog APM",
    "例外の収集": "- **エラートラッキング**: Sentry",
    "通知の経路": "- **アラート管理**: PagerDuty / Slack",
    "スケジューラー": "- **スケジューラー**: CloudWatch Events / Cron",
    "メトリクス監視": "- **メトリクス監視**: CPU/メモリ/ディスク/ネットワーク",
    "ログ集約": "- **ログ集約**: CloudWatch Logs で一元管理",
}
"""The demo's document is the reference in other words; only its tools, and decisions about them, differ."""
_ADDED = (
    "| Webサーバー | 死活 |",
    "| API | 死活 |",
    "| DB | 死活 |",
    "| Webサーバー | エラー率 |",
    "| ログ置き場 |",
)
"""What the demo watches besides: the failures of its chapter 7."""


def text() -> str:
    """Return the reference: the file that TOBAN_REFERENCE names, or the demo's document with its tools."""
    named = os.environ.get("TOBAN_REFERENCE")
    if named:
        return Path(named).read_text(encoding="utf-8")
    _title, _empty, *lines = (SHOP / "運用設計書.md").read_text(encoding="utf-8").splitlines()
    lines[0] = "# 運用設計書"
    return "\n".join(_as_in_reference(line) for line in lines if not line.startswith(_ADDED)) + "\n"


def _as_in_reference(line: str) -> str:
    item = re.match(r"- \*\*(.+?)\*\*:", line)
    if item is not None and item[1] in _DIFFERENT:
        return _DIFFERENT[item[1]]
    if line.startswith("| ") and line.count("|") == 5:
        line = line.replace("| Toban |", "| CloudWatch Logs |")
    return line.replace("s3://shop-archive/db/", "s3://bucket/backups/db/")


def bindings(**places: object) -> str:
    """Return a `toban.toml` for the vendors at *places*; secrets come from the environment."""
    return Template((_HERE / "toban.toml").read_text(encoding="utf-8")).substitute(places)
