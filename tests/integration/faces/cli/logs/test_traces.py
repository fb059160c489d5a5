"""`toban traces` as typed in a shell, with a real store."""

import json
import os
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.forking import run
from tests.integration.engine.telemetry.conftest import StoreProcess
from tests.telemetry_rows import SpanRow, batch_of

from toban.engine.telemetry.batches import key_of
from toban.engine.telemetry.spans.rows import SpanStore

pytestmark = pytest.mark.slow

MS = 1_000_000
TRACE = "5b8efff798038103d269b633813fc60c"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, store: StoreProcess) -> Path:
    home = tmp_path_factory.mktemp("home")
    at = datetime.now(UTC) - timedelta(minutes=5)
    start = int(at.timestamp()) * 1000 * MS
    rows = [
        SpanRow(
            f"{at:%Y-%m-%d}", start + number, number * 10 * MS, TRACE, f"{number:016x}",
            f"{number - 1:016x}" if number > 1 else "", "shop", "[red]GET", "SERVER", "", "", "GET",
            f"/step/{number}", 500 if number == 3 else 200, "", "{}", "{}", "[]", "[]", "otel", number,
        )
        for number in range(1, 4)
    ]  # fmt: skip
    SpanStore(store.telemetry).write(batch_of(key_of("otel", "", b"three"), rows))
    # As `toban up` leaves it for other commands.
    (home / "telemetry-url").write_text(store.telemetry_url)
    return home


def traces(home: Path, *arguments: str, language: str = "ja") -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "TOBAN_TELEMETRY_URL"}
    return run(
        ["-m", "toban", "traces", *arguments],
        env={**environment, "TOBAN_HOME": str(home), "TOBAN_LANGUAGE": language},
    )


def test_routes_are_printed_slowest_first(home: Path) -> None:
    done = traces(home, "--service", "shop")
    as_json = traces(home, "--format", "json", "--limit", "1")

    assert done.returncode == 0
    assert [line.split()[2] for line in done.stdout.splitlines()[1:]] == ["/step/3", "/step/2", "/step/1"]
    assert "■ 100.0%" in done.stdout
    (line,) = as_json.stdout.splitlines()
    assert (json.loads(line)["route"], json.loads(line)["slowest"]) == ("/step/3", TRACE)


def test_routes_and_traces_are_printed_in_english_too(home: Path) -> None:
    routes = traces(home, "--since", "1h", language="en").stdout
    drawn = traces(home, TRACE, language="en").stdout

    assert routes.split("\n")[0].split() == (
        ["Service", "Route", "Count", "Per", "minute", "Errors", "Median", "95%", "99%", "Slowest"]
    )
    assert "spans 3, services 1, errors 1" in drawn
    assert "■ error 500" in drawn


def test_a_trace_is_printed_as_a_waterfall(home: Path) -> None:
    done = traces(home, TRACE.upper())
    as_json = [json.loads(line) for line in traces(home, TRACE, "--format", "json").stdout.splitlines()]

    assert done.returncode == 0
    assert done.stdout.splitlines()[3].endswith("    GET /step/3  [shop]  ■ エラー 500")
    assert [(each["depth"], each["durationMs"]) for each in as_json] == [(0, 10.0), (1, 20.0), (2, 30.0)]


def test_no_result_and_an_invalid_search_have_different_exit_statuses(home: Path, tmp_path: Path) -> None:
    nothing = traces(home, "f" * 32)
    unreadable = traces(home, "req-7")
    away = traces(tmp_path)

    assert (nothing.returncode, nothing.stdout) == (1, "")
    assert unreadable.returncode == 2
    assert "HINT: 16進の32桁です" in unreadable.stderr
    assert away.returncode == 2
    assert "HINT: " in away.stderr
