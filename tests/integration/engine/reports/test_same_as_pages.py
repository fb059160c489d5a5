"""The figures of the report are those that pages and commands show."""

from datetime import UTC, date, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.integration.engine.reports.conftest import (
    DAY,
    END,
    HOUR,
    LATER,
    START,
    TOKYO,
    edition_of,
    judged,
    number,
    report_on,
)
from tests.registered import PARTS

from toban.chapters.incident.operation import OPERATION as INCIDENTS
from toban.chapters.release.models import Release, StoredArtifact
from toban.chapters.release.rows.deliveries import of
from toban.design.reader import read_design
from toban.engine.bindings.load import read_bindings
from toban.engine.editions.edition import Edition
from toban.engine.evidence.verdict import Verdict
from toban.engine.reports.month import month_named
from toban.engine.reports.monthly import make
from toban.faces.values.incident import figures_of

pytestmark = pytest.mark.django_db

RELEASES = """# 運用設計書
## 5. デプロイ・リリース
### デプロイ方式
| 環境 | デプロイ方式 | トリガー | 承認 |
|---|---|---|---|
| 本番環境 | 手動 | リリース予定日時 | 運用責任者 |
"""
BOUND = """
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


@pytest.mark.usefixtures("october")
def test_incidents_are_those_of_the_page_of_incidents() -> None:
    report = report_on()
    found = figures_of(edition_of().plan(INCIDENTS), LATER.astimezone(UTC), 2).by_month[date(2026, 10, 1)]

    assert found.to_recovery.mean is not None
    assert found.to_response.longest is not None
    assert number(report, "incidents-count") == found.count
    assert number(report, "incidents-ongoing") == found.ongoing
    assert number(report, "incidents-recovery-mean") == found.to_recovery.mean.total_seconds()
    assert number(report, "incidents-response-longest") == found.to_response.longest.total_seconds()


def release(served: Any, **more: Any) -> Release:
    artifact, _ = StoredArtifact.objects.get_or_create(
        service="shop", commit="a", label="v1", ordered_at=START
    )
    return Release.objects.create(
        service="shop", environment="本番環境", deployment="本番環境", artifact=artifact, clause_id="x",
        document_digest="d", ordered_by="nami", planned_at=served, ordered_at=served, served_at=served,
        **{"kind": Release.Kind.REGULAR, "state": Release.State.DONE, **more},
    )  # fmt: skip


def test_releases_are_those_of_the_page_of_releases_even_if_they_fail_later(tmp_path: Path) -> None:
    judged("x", Verdict.CONFORMING, START)
    commits = [["a", (START - HOUR).isoformat()], ["b", (START - 3 * HOUR).isoformat()]]
    release(START + DAY, commits=commits)
    last = release(END - HOUR, state=Release.State.ROLLED_BACK)
    release(END + HOUR, kind=Release.Kind.ROLLBACK, undoes=last, detected_at=END, checked_at=END + 2 * HOUR)
    release(START - DAY)
    bindings = read_bindings(BOUND, tmp_path / "toban.toml", PARTS.schema)
    edition = Edition(read_design(RELEASES, "運用設計書.md"), bindings, PARTS.kinds)
    month = month_named("2026-10", TOKYO, LATER)

    report = make(edition, PARTS, month)

    page = of("本番環境", month.span, LATER)
    assert (page.deployments, page.failures) == (2, 1)
    assert number(report, "release-1-deployments") == page.deployments
    assert number(report, "release-1-failure-rate") == (page.failure_rate or 0) * 100
    assert page.lead_time == timedelta(days=1, hours=2)
    assert number(report, "release-1-lead-time") == page.lead_time.total_seconds()
    assert number(report, "release-1-per-week") == pytest.approx(page.per_week)
    assert number(report, "release-1-restore-time") is None
    assert page.restore_time is None
