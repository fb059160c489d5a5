"""Resources as they are known: rows of a document with readings and forecasts, without any database."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
from tests.registered import schema

from toban.chapters.capacity.bindings import ResourceBinding
from toban.chapters.capacity.forecasting.bases import Basis
from toban.chapters.capacity.forecasting.forecast import Forecast
from toban.chapters.capacity.forecasting.methods import ForecastMethod
from toban.chapters.capacity.known import KnownResource
from toban.chapters.capacity.models import ResourceReading
from toban.chapters.capacity.outlooks import ResourceOutlook
from toban.chapters.capacity.plan import Resource
from toban.chapters.capacity.stated import BYTE
from toban.chapters.capacity.usage import UsageKind, UsageSite, UsageSource
from toban.design.clauses.capacity import ResourceUsage
from toban.design.reader import read_design
from toban.engine.bindings.load import read_bindings
from toban.engine.editions.edition import Edition

NOW = datetime(2026, 11, 28, 9, 0, tzinfo=UTC)
TODAY = date(2026, 11, 28)
DOCUMENT = """# 運用設計書

## 9. キャパシティ管理

### リソース使用状況
| リソース | 現在使用量 | 上限 | 使用率 | 次回拡張予定 |
|---------|----------|------|-------|------------|
| Webサーバー台数 | 2台 | 10台 | 20% | 使用率70%到達時 |
| DBストレージ | 100GB | 500GB | 20% | 使用率70%到達時 |

### キャパシティ予測
- 月次で使用率をレビュー

### スケーリング
| トリガー | アクション | タイミング |
|---------|----------|-----------|
| CPU使用率70%が30分継続 | Webサーバー1台追加 | 自動 (Auto Scaling) |
| ストレージ使用率70% | ストレージ拡張 | 手動 (計画的) |
"""
WEB, DB = "Webサーバー台数", "DBストレージ"
GB = 10**9


def _opened(_config: ResourceBinding, _site: UsageSite) -> UsageSource:
    raise AssertionError("nothing is measured here")


def resource(name: str, document: str = DOCUMENT) -> Resource:
    """Return the resource *name* of *document*; 台 are counted, all else is measured in bytes."""
    design = read_design(document, "運用設計書.md")
    row = next(row for row in design.of(ResourceUsage) if row.resource == name)
    unit = "" if row.limit is not None and row.limit.unit == "台" else BYTE
    kind = UsageKind(
        ResourceBinding, _opened, is_storage=lambda _config: bool(unit), unit=lambda _config: unit
    )
    edition = Edition(design, read_bindings("", Path("toban.toml"), schema()))
    return Resource(row, name, ResourceBinding(), kind, edition)


def growing(latest: float, a_day: float, days: int = 365) -> Forecast:
    """Return a straight forecast from tomorrow on, with an interval that widens."""
    ahead = np.arange(1, days + 1, dtype=np.float64)
    values = latest + a_day * ahead
    margin = 0.05 * a_day * ahead
    return Forecast(
        first=TODAY,
        values=values,
        low=values - margin,
        high=values + margin,
        trend=values,
        latest=latest,
        method=ForecastMethod.TREND,
        basis=Basis.AMOUNTS,
        error=0.021,
        jumps=(),
        rhythm=None,
    )


def known(
    name: str,
    used: float | None,
    *,
    limit: float | None = None,
    forecast: Forecast | None = None,
    document: str = DOCUMENT,
    read_at: datetime = NOW,
) -> KnownResource:
    """Return the resource *name* with what was read of it; no outlook without a forecast."""
    reading = ResourceReading(resource=name, looked_at=read_at, read_at=read_at, used=used, limit=limit)
    outlook = ResourceOutlook(name, NOW - timedelta(hours=1), forecast) if forecast is not None else None
    return KnownResource(resource(name, document), reading, outlook)
