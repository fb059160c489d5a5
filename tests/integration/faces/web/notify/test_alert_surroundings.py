"""Measurements and logs around an alert, from a real store."""

import re
from collections.abc import Iterator
from datetime import timedelta
from html import unescape

import pytest
from django.test import Client
from pytest_django import Settings
from tests.integration.engine.telemetry.conftest import StoreProcess
from tests.integration.faces.web import firing
from tests.integration.faces.web.conftest import Fixed
from tests.integration.faces.web.drawn import drawing
from tests.integration.faces.web.firing import fired
from tests.telemetry_rows import LogRow, batch_of

from toban.design.values.metric import Metric
from toban.engine.changes import recording
from toban.engine.changes.act import ChangeKind
from toban.engine.changes.recorded import RecordedChange
from toban.engine.clock import system_clock
from toban.engine.notify.models import Alert, Maintenance
from toban.engine.telemetry import present
from toban.engine.telemetry.logs.rows import LogStore, key_of
from toban.engine.telemetry.samples import Sample
from toban.engine.telemetry.store import Telemetry
from toban.faces.document.address import evidence_address

MINUTE = timedelta(minutes=1)
PART = {"HX-Request": "true"}


@pytest.fixture
def telemetry(store: StoreProcess, settings: Settings) -> Iterator[Telemetry]:
    """The store, which the pages use too."""
    settings.TELEMETRY_URL = store.telemetry_url
    present.telemetry.cache_clear()
    yield store.telemetry
    present.telemetry.cache_clear()


@pytest.fixture
def alert(in_force: Fixed) -> Alert:
    return fired(firing.put_in_force(in_force), at=system_clock() - 20 * MINUTE)


def test_the_measurements_of_the_instance_are_drawn_with_the_limits(
    alert: Alert, telemetry: Telemetry, viewer: Client
) -> None:
    samples = [
        Sample(Metric.CPU_USAGE, "DB", name, alert.began_at + number * MINUTE, value)
        for number in range(-10, 10)
        for name, value in (("db-1", 92.0), ("db-2", 5.0))
    ]
    telemetry.write(samples, token="drawn")

    part = viewer.get(f"/alerts/{alert.pk}/chart", headers=PART).content.decode()

    chart = drawing(part)
    (line,) = chart["lines"]
    assert set(line["values"]) == {92}
    assert len(line["values"]) == len(chart["times"]) == part.count('<td class="number">92%</td>') / 3
    assert "92%</b>" in part
    assert "85%以上" in [each["text"] for each in chart["limits"]]
    assert [each["name"] for each in chart["marks"]] == ["しきい値を超過", "検知した"]


def test_what_changed_stands_on_the_charts_of_the_alert_and_of_its_row(
    alert: Alert, telemetry: Telemetry, viewer: Client
) -> None:
    at = alert.began_at
    telemetry.write(
        [Sample(Metric.CPU_USAGE, "DB", "db-1", at + n * MINUTE, 92.0) for n in (-9, 9)], token="c"
    )
    for text, about in (("shop 2", "DB"), ("elsewhere", "Web")):
        wanted = RecordedChange(kind=ChangeKind.RELEASE, text=text, about=(about,), at=at - 5 * MINUTE)
        recording.record(wanted, by="ci", now=system_clock())

    for path in (f"/alerts/{alert.pk}/chart", f"{evidence_address(alert.clause_id)}/series"):
        page = viewer.get(path, headers=PART).content.decode()
        (mark,) = [each for each in drawing(page)["marks"] if each["name"] == "shop 2 (ci)"]
        assert mark["at"] == pytest.approx((at - 5 * MINUTE).timestamp())
        assert "elsewhere" not in page


def test_evidence_draws_the_row_with_its_alerts_and_planned_maintenance(
    alert: Alert, telemetry: Telemetry, viewer: Client
) -> None:
    at = alert.began_at
    telemetry.write([Sample(Metric.CPU_USAGE, "DB", "db-1", at, 92.0)], token="evidence")
    for targets, starts_at in ((["DB"], at), (["Web"], at - 30 * MINUTE)):
        Maintenance.objects.create(
            targets=targets, author="mira", reason="交換", starts_at=starts_at, ends_at=starts_at + MINUTE
        )

    part = viewer.get(f"{evidence_address(alert.clause_id)}/series", headers=PART).content.decode()
    whole = viewer.get(f"{evidence_address(alert.clause_id)}/series").content.decode()

    marks = drawing(part)["marks"]
    assert [(each["name"], each["at"]) for each in marks] == [
        ("計画メンテナンス", at.timestamp()),
        ("アラート", at.timestamp()),
    ]
    assert "<html" not in part
    assert "<html" in whole


def test_application_errors_around_the_alert_are_listed(
    alert: Alert, telemetry: Telemetry, viewer: Client
) -> None:
    def row(number: int, level: str, message: str, *, kind: str = "error", minutes: float = 0) -> LogRow:
        at = alert.began_at + minutes * MINUTE
        return LogRow(
            kind, f"{at:%Y-%m-%d}", at.timestamp(), level, "shop-api", message,
            "", "", "", "", "", "", "", 0, 0.0, {}, "shop", number,
        )  # fmt: skip

    rows = [
        row(1, "ERROR", "connection refused <db-1>"),
        row(2, "INFO", "all is well"),
        row(3, "ERROR", "too early", minutes=-6),
        row(4, "ERROR", "GET /", kind="access"),
        row(5, "WARN", "pool is full", minutes=-4),
    ]
    LogStore(telemetry).write(batch_of(key_of("shop", "", b"around"), rows))

    part = viewer.get(f"/alerts/{alert.pk}/logs", headers=PART).content.decode()

    listed = ["<b>WARN</b> shop-api pool is full", "<b>ERROR</b> shop-api connection refused &lt;db-1&gt;"]
    assert [part.index(each) for each in listed] == sorted(part.index(each) for each in listed)
    assert part.count("<li>") == 2
    row_page, all_of_that_time = (unescape(each) for each in re.findall(r'href="(/logs/[^"]+)"', part)[1:])
    assert "connection refused &lt;db-1&gt;" in viewer.get(row_page).content.decode()
    assert "all is well" in viewer.get(all_of_that_time).content.decode()


def test_an_alert_of_a_count_lists_the_rows_that_were_counted(
    alert: Alert, telemetry: Telemetry, viewer: Client
) -> None:
    alert.labels = {**alert.labels, "item": "log_rows", "instance": 'service:shop-api "card declined"'}
    alert.save()
    rows = [
        LogRow(
            "application", f"{alert.began_at:%Y-%m-%d}", alert.began_at.timestamp(), level, "shop-api",
            message, "", "", "", "", "", "", "", 0, 0.0, {}, "shop", number,
        )
        for number, (level, message) in enumerate(
            [("INFO", "card declined by issuer"), ("ERROR", "something else")], 1
        )
    ]  # fmt: skip
    LogStore(telemetry).write(batch_of(key_of("shop", "", b"counted"), rows))

    part = viewer.get(f"/alerts/{alert.pk}/logs", headers=PART).content.decode()

    assert "<b>INFO</b> shop-api card declined by issuer" in part
    assert "something else" not in part
    assert "q=service%3Ashop-api+%22card+declined%22" in part
