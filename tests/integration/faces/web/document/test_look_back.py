"""The look back on the page of a version that waits, and in its banner."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from tests.integration.engine.telemetry.conftest import StoreProcess
from tests.integration.faces.web.conftest import DOCUMENT, Fixed
from tests.integration.faces.web.document.test_version import edition

from toban.design.values.metric import Metric
from toban.engine.clock import system_clock
from toban.engine.editions.edition import EditionRefusal
from toban.engine.telemetry.samples import Sample
from toban.engine.telemetry.store import StoreUnavailable
from toban.faces.web.document import look_back
from toban.message import plain

ROW = "| Web | CPU使用率 | 0-60% | 70% | 85% | 1分 |"


@pytest.fixture
def waiting(in_force: Fixed) -> EditionRefusal:
    assert ROW in DOCUMENT
    new = edition(DOCUMENT.replace(ROW, ROW.replace("70%", "40%")))
    in_force.refusal = EditionRefusal("運用設計書.md", "contents", plain("待ちます"), new)
    look_back._last.found = None
    return in_force.refusal


@pytest.fixture
def measured(store: StoreProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    store.telemetry.ensure_schema()
    for table in ("samples", "samples_5m"):
        store.told(f"TRUNCATE TABLE {table}")
    start = system_clock().replace(microsecond=0) - timedelta(hours=2)
    samples = [
        Sample(
            Metric.CPU_USAGE, "Web", "web-1", start + timedelta(seconds=30 * n), 50.0 if 60 < n < 80 else 20.0
        )
        for n in range(240)
    ]
    store.telemetry.write(samples, token=uuid4().hex)
    monkeypatch.setattr(look_back, "telemetry", lambda: store.telemetry)


def test_the_waiting_version_shows_what_its_rows_would_have_done(
    viewer: Client, waiting: EditionRefusal, measured: None
) -> None:
    part = viewer.get("/version/past", headers={"HX-Request": "true"}).content.decode()
    page = viewer.get("/version/past?days=90").content.decode()

    assert "過去30日に当てはめると" in part
    assert "アラート: 0 件 → 1 件 (+1" in part
    assert "<html" not in part
    assert "過去90日に当てはめると" in page
    assert "<html" in page


def test_the_banner_and_the_page_of_the_version_lead_there(viewer: Client, waiting: EditionRefusal) -> None:
    assert 'hx-get="/version/past" hx-trigger="toggle once"' in viewer.get("/").content.decode()
    assert 'hx-get="/version/past" hx-trigger="load"' in viewer.get("/version").content.decode()


def test_without_a_store_the_past_is_unknown(
    viewer: Client, waiting: EditionRefusal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> Any:
        raise StoreUnavailable("no store")

    monkeypatch.setattr(look_back, "telemetry", away)

    page = viewer.get("/version/past").content.decode()

    assert "保存された記録を読めません: no store" in page
    assert "アラート:" not in page


def test_only_one_look_back_at_a_time_keeps_the_server_busy(
    viewer: Client, waiting: EditionRefusal, measured: None
) -> None:
    with look_back._looking:
        page = viewer.get("/version/past").content.decode()
    again = viewer.get("/version/past").content.decode()

    assert "ほかの人が調べています" in page
    assert "アラート: 0 件 → 1 件" in again


def test_there_is_nothing_to_look_back_at_if_no_version_waits(viewer: Client, in_force: Fixed) -> None:
    assert viewer.get("/version/past").status_code == 404


def test_a_stranger_sees_nothing(client: Client, waiting: EditionRefusal) -> None:
    assert client.get("/version/past").status_code in {302, 401, 403}
