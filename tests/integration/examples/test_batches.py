"""The shop's batches with its own bindings, on its real tables."""

import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from pypdf import PdfReader
from tests.integration.chapters.batch.kinds.conftest import HandTurn
from tests.integration.engine.telemetry.conftest import StoreProcess
from tests.registered import PARTS

from toban.chapters.batch import works
from toban.chapters.batch.works import BatchPlan
from toban.design.reader import load_design
from toban.engine import paper
from toban.engine.bindings.load import read_bindings

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

SHOP = Path(__file__).parents[3] / "examples" / "webshop"
TOKYO = ZoneInfo("Asia/Tokyo")


@pytest.fixture
def shop(postgres_dsn: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The shop's database when it has just opened."""
    with psycopg.connect(postgres_dsn, autocommit=True) as admin:
        admin.execute("DROP DATABASE IF EXISTS shop")
        admin.execute("CREATE DATABASE shop")
        admin.execute("ALTER DATABASE shop SET timezone = 'Asia/Tokyo'")
    dsn = make_conninfo(postgres_dsn, dbname="shop")
    with psycopg.connect(dsn) as books:
        books.execute((SHOP / "shop" / "schema.sql").read_bytes())
    monkeypatch.setenv("SHOP_DATABASE_URL", dsn)
    yield dsn
    with psycopg.connect(postgres_dsn, autocommit=True) as admin:
        admin.execute("DROP DATABASE shop WITH (FORCE)")


@pytest.fixture
def planned(tmp_path: Path) -> BatchPlan:
    """The shop's works; the files of its bindings are in the test's folder."""
    parts = PARTS
    text = (SHOP / "toban.toml").read_text(encoding="utf-8")
    bindings = read_bindings(text, tmp_path / "toban.toml", parts.schema)
    return works.plan(load_design(SHOP / "運用設計書.md"), bindings, parts.kinds)


def run(planned: BatchPlan, key: str, due_at: datetime, **parameters: str) -> HandTurn:
    turn = HandTurn(due_at, parameters)
    for step in planned.works[key].steps:
        turn.results[step.name] = step.act(turn)
    return turn


def test_the_batches_for_backup_cleanup_invoices_and_statistics_are_bound(planned: BatchPlan) -> None:
    assert {"B001", "B002", "B003", "B004"} <= planned.works.keys()


def test_every_company_gets_its_invoice_for_the_last_closed_month(
    shop: str, planned: BatchPlan, tmp_path: Path
) -> None:
    try:
        paper.font()
    except paper.NoFont as reason:
        pytest.skip(str(reason))

    turn = run(planned, "B003", datetime.now(TOKYO))

    [folder] = (tmp_path / "invoices").iterdir()
    first, second = (PdfReader(each).pages[0].extract_text() for each in sorted(folder.glob("*.pdf")))
    assert "喫茶うみかぜ 御中" in first
    assert "宿 なぎさ 御中" in second
    assert "うち消費税 (8%)" in first
    assert str(turn.said[-1]).endswith(f"→ {folder}")


def test_yesterday_is_summed_from_the_shop_database_and_telemetry(
    shop: str, planned: BatchPlan, store: StoreProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOBAN_TELEMETRY_URL", store.telemetry_url)

    turn = run(planned, "B004", datetime.now(TOKYO))

    assert "注文 6件、顧客 6人" in turn.said[0]
    assert "API応答 欠測" in turn.said[0]


def test_old_access_logs_are_removed_and_the_active_one_stays(planned: BatchPlan, tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.mkdir()
    for name in ("access.log", "access.log.2026-01-01", "access.log.2026-11-24"):
        (log / name).write_text("GET /\n")
        os.utime(log / name, (0, 0) if name != "access.log" else None)

    run(planned, "B002", datetime(2026, 11, 25, 3, tzinfo=TOKYO))

    assert sorted(each.name for each in log.iterdir()) == ["access.log", "access.log.2026-11-24"]
