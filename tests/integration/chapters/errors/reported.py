"""A document with error tracking, and events like an application reports them."""

import json
from datetime import UTC, datetime

from toban.chapters.errors.intake import intake
from toban.chapters.errors.intake.event import ErrorEvent, read_event
from toban.chapters.errors.intake.payload import read_payload
from toban.chapters.errors.models import ErrorGroup, StoredEvent
from toban.engine.masks import Mask, Masker

NOW = datetime(2026, 11, 26, 3, 0, tzinfo=UTC)
DOCUMENT = """# 運用設計書
## 2. 監視
### アラート通知
| レベル | 通知先 | 通知方法 | タイミング |
|---|---|---|---|
| 異常 (Critical) | 運用責任者 | メール | 即時 |
| 警告 (Warning) | 開発担当者 | Slack | 即時 |
### 監視ツール
- **サーバーの監視**: Toban
- **例外の収集**: Sentry
## 3. ログ管理
### ログ種別
| ログ種別 | 内容 | 出力先 | 保存期間 |
|---|---|---|---|
| エラーログ | エラー | Toban | 30日 |
## 10. 定期作業
### 週次作業
| 作業項目 | 実施時期 | 担当者 | 内容 |
|---|---|---|---|
| エラーログ分析 | 毎週月曜10:00 | 開発担当者 | 増えたエラーの種類を洗い出す |
"""
_MASKER = Masker([Mask.CREDENTIALS])


def event(kind: str = "KeyError", *, at: datetime = NOW, **more: object) -> ErrorEvent:
    """Return an event of the application's own code, as it is after it was received."""
    frame = {"module": "shop.cart", "function": f"of_{kind}", "in_app": True}
    exception = [{"type": kind, "value": "'sku'", "stacktrace": {"frames": [frame]}}]
    payload = {"exception": exception, "timestamp": at.timestamp(), **more}
    return read_event(read_payload(json.dumps(payload).encode(), _MASKER), at)


def take(found: ErrorEvent, now: datetime | None = None) -> ErrorGroup:
    """Store the event, and return its error in its new state."""
    _, event_id = intake.take("shop", found, now or found.at)
    return StoredEvent.objects.get(event_id=event_id).group
