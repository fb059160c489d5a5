"""What customers suffered, from a real telemetry store: requests, error budget, users; and what stood out."""

from datetime import timedelta

import pytest
from tests.integration.chapters.incident.reports.scenery import (
    BINDINGS,
    DOCUMENT,
    HOUR,
    MINUTE,
    NOON,
    TOKYO,
    Scenery,
    edition_of,
)
from tests.integration.engine.telemetry.conftest import StoreProcess
from tests.registered import PARTS
from tests.telemetry_rows import LogRow, batch_of

from toban.chapters.errors.models import AffectedUser, ErrorGroup, ErrorHour
from toban.chapters.incident.models import Incident, IncidentReport
from toban.chapters.incident.reports import orders
from toban.chapters.incident.reports.content import ReportAudience
from toban.chapters.incident.reports.draft import ReportPart, written
from toban.chapters.incident.reports.orders import ReportDesk
from toban.chapters.incident.timeline.gathering import Gathering
from toban.design.values.metric import Metric
from toban.engine.evidence.models import LedgerEntry
from toban.engine.telemetry.logs.rows import LogStore, key_of
from toban.engine.telemetry.samples import Sample
from toban.engine.telemetry.store import Telemetry

pytestmark = pytest.mark.django_db

MEASURED = DOCUMENT.replace(
    "## 2. 監視\n", "### 運用目標\n| 項目 | 目標値 |\n|---|---|\n| 稼働率 | 99.9% |\n## 2. 監視\n"
)
BOUND = (
    BINDINGS.replace(
        'sources = [{ kind = "tcp", address = "10.0.3.7:80", instance = "web-1:80" }]',
        'sources = [{ kind = "access_log", service = "shop" }]',
    )
    + """
[objectives."稼働率"]
target = "Webサーバー"
[errors.shop]
key = "env:SHOP_ERRORS_KEY"
"""
)


@pytest.fixture(scope="module")
def telemetry(store: StoreProcess) -> Telemetry:
    """A store in which half of the requests failed for ten minutes, and the service was down for five."""
    rows = [row(n, 500 if n % 2 else 200) for n in range(1, 101)]
    rows += [row(n, 200, at=-30.0) for n in range(101, 111)]
    rows += [row(n, 0, kind="error", level="ERROR") for n in range(201, 221)]
    LogStore(store.telemetry).write(batch_of(key_of("nginx", "", b"all"), rows))
    samples = [
        Sample(Metric.UP, "Webサーバー", "shop", NOON + n * MINUTE, 0.0 if 0 <= n < 5 else 1.0)
        for n in range(-5, 15)
    ]
    store.telemetry.write(samples, token="up")
    return store.telemetry


def row(number: int, status: int, *, kind: str = "access", level: str = "INFO", at: float = 2.0) -> LogRow:
    moment = NOON + at * MINUTE
    return LogRow(
        kind, moment.astimezone(TOKYO).date().isoformat(), moment.timestamp(), level, "shop", "x", "", "",
        "", "", "", "GET", "/", status, 20.0, {}, "nginx", number,
    )  # fmt: skip


def drafted(scenery: Scenery, telemetry: Telemetry) -> list[tuple[str, str, str]]:
    desk = ReportDesk(scenery.edition, scenery.plan, PARTS.ports, telemetry)
    report = orders.draft(scenery.incident.pk, IncidentReport.Kind.FINAL, desk, by=None, now=scenery.now)
    found = written(orders.draft_of(report), ReportAudience.INTERNAL, "ja")
    (part,) = (each for each in found.parts if each.part is ReportPart.IMPACT)
    return [(each.label, each.text, each.proof) for each in part.lines]


def test_requests_and_budget_are_measured_over_the_incident(scenery: Scenery, telemetry: Telemetry) -> None:
    scenery.edition = edition_of(MEASURED, BOUND)
    Incident.objects.update(began_at=NOON)
    scenery.pass_(10 * MINUTE)
    scenery.recover()

    found = {label: (text, proof) for label, text, proof in drafted(scenery, telemetry)}

    entry = LedgerEntry.objects.get(content__order="draft-report").sequence
    text, proof = found["失敗したリクエスト(shop)"]
    assert (text.partition(" (")[0], proof) == ("50 件(記録された 100 件のうち)", f"証跡 {entry}")
    text, proof = found["エラーバジェットの消費(稼働率)"]
    assert (text.partition(" (")[0], proof) == ("5分(1か月の許容 43分12秒 の 12%)", f"証跡 {entry}")
    # Nobody reported an error with its users.
    assert found["影響を受けた利用者"][0].startswith("測定していない")


def test_a_time_without_any_request_is_not_measured(scenery: Scenery, telemetry: Telemetry) -> None:
    scenery.edition = edition_of(MEASURED, BOUND)
    Incident.objects.update(began_at=NOON + 2 * HOUR, detected_at=NOON + 2 * HOUR)
    scenery.pass_(3 * HOUR)
    scenery.recover()

    found = {label: text for label, text, _ in drafted(scenery, telemetry)}

    assert found["失敗したリクエスト(shop)"].startswith("測定していない (期間中のリクエストの記録がない")
    assert found["エラーバジェットの消費(稼働率)"].startswith("測定していない")


def group(title: str, first_seen: timedelta, users: int) -> ErrorGroup:
    made = ErrorGroup.objects.create(
        project="shop",
        key=title,
        grouped_by="stack",
        title=title,
        level="error",
        first_seen=NOON + first_seen,
        last_seen=NOON + first_seen,
    )
    for n in range(users):
        AffectedUser.objects.create(group=made, digest=f"user-{n}")
    return made


def test_users_of_new_errors_are_counted_once(scenery: Scenery, telemetry: Telemetry) -> None:
    scenery.edition = edition_of(MEASURED, BOUND)
    group("KeyError", MINUTE, 3)
    group("ValueError", 2 * MINUTE, 5)
    group("OldError", -24 * HOUR, 50)
    scenery.pass_(10 * MINUTE)
    scenery.recover()

    found = {label: text for label, text, _ in drafted(scenery, telemetry)}

    assert found["影響を受けた利用者"] == "5 人以上 (期間中に新しく発生したエラー 2 種類の利用者を数えた)"


def test_errors_and_logs_that_stand_out_are_on_the_timeline_once(
    scenery: Scenery, telemetry: Telemetry
) -> None:
    scenery.edition = edition_of(MEASURED, BOUND)
    group("KeyError", MINUTE, 0)
    usual, many = group("OldError", -48 * HOUR, 0), group("Timeout", -48 * HOUR, 0)
    for hours in range(25):
        ErrorHour.objects.create(group=usual, hour=NOON - hours * HOUR, count=40)
        ErrorHour.objects.create(group=many, hour=NOON - hours * HOUR, count=2 if hours else 60)
    gathering = Gathering(telemetry, PARTS.ports)
    scenery.pass_(10 * MINUTE)
    for _ in range(3):
        gathering.step(scenery.edition, scenery.now)
        scenery.pass_(2 * MINUTE)

    spikes = [(f"{each.at.astimezone(TOKYO):%H:%M}", str(each.said)) for each in scenery.entries()]
    assert sorted(spikes) == [
        ("12:00", "shop のエラーが普段より多い: Timeout"),
        ("12:00", "エラーのログが普段より多い"),
        ("12:01", "shop に新しいエラー: KeyError"),
    ]
