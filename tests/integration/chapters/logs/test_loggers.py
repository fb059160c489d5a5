"""The lines of the loggers that people use, in a real store."""

from datetime import UTC, timedelta

from tests.integration.engine.telemetry.conftest import StoreProcess
from tests.unit.chapters.logs.test_loggers import LINES, NOW, read

from toban.engine.telemetry.logs.language import read_search
from toban.engine.telemetry.logs.rows import InsertBatch, LogStore, key_of
from toban.engine.telemetry.logs.search import FoundRow, LogSearch, TimeSpan

DAY = TimeSpan(NOW - timedelta(days=1), NOW + timedelta(minutes=1))


def test_every_logger_s_line_is_stored_once_and_found_by_its_own_fields(store: StoreProcess) -> None:
    assert store.telemetry is not None
    some = [line for line in LINES if line.get("format", "json") == "json"]
    reading = read("json", [line["written"] for line in some])

    LogStore(store.telemetry).write(InsertBatch(key_of("shop", "", b"loggers"), reading.rows))

    search = LogSearch(store.telemetry)

    def found(written: str) -> list[FoundRow]:
        return search.newest(read_search(written).terms, DAY, limit=1000)

    rows = sorted(found(""), key=lambda row: row.place.number)
    assert [(row.level, row.message) for row in rows] == [(line["level"], line["message"]) for line in some]
    assert [row.at for row in rows] == [line.get("at", NOW).astimezone(UTC) for line in some]
    for written, message in (
        ("user.name:kai level:ERROR", "No stock"),
        ("event:card_declined", "card_declined"),
        ("record.extra.order:o-1", "order placed"),
        ("Category:Shop.Cart level:ERROR", "No stock"),
        ("state_code:23505", 'duplicate key value violates unique constraint "t_pkey"'),
    ):
        assert [row.message for row in found(written)] == [message], written
