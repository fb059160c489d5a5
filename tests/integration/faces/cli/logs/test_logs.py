"""`toban logs` as typed in a shell, with a real store."""

import csv
import json
import os
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.forking import run
from tests.integration.engine.telemetry.conftest import StoreProcess
from tests.telemetry_rows import LogRow, batch_of

from toban.engine.telemetry.logs.rows import LogStore, key_of

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, store: StoreProcess) -> Path:
    home = tmp_path_factory.mktemp("home")
    now = datetime.now(UTC) - timedelta(minutes=5)
    rows = [
        LogRow(
            "access", f"{now:%Y-%m-%d}", now.timestamp() + number, "ERROR" if number == 3 else "INFO",
            "shop-api", f"request {number} done", "", f"req-{number}", "", "", "", "GET", "/orders",
            500 if number == 3 else 200, 12.0, {"formula": "x"}, "shop", number,
        )
        for number in range(1, 6)
    ]  # fmt: skip
    LogStore(store.telemetry).write(batch_of(key_of("shop", "", b"five"), rows))
    # As `toban up` leaves it for other commands.
    (home / "telemetry-url").write_text(store.telemetry_url)
    return home


def logs(home: Path, *arguments: str, language: str = "ja") -> subprocess.CompletedProcess[str]:
    return toban("logs", home, *arguments, language=language)


def routes(home: Path, *arguments: str, language: str = "ja") -> subprocess.CompletedProcess[str]:
    return toban("routes", home, *arguments, language=language)


def toban(command: str, home: Path, *arguments: str, language: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "TOBAN_TELEMETRY_URL"}
    return run(
        ["-m", "toban", command, *arguments],
        env={**environment, "TOBAN_HOME": str(home), "TOBAN_LANGUAGE": language},
    )


def test_the_newest_rows_are_printed_in_chronological_order(home: Path) -> None:
    done = logs(home, "--limit", "3", "request")

    assert done.returncode == 0
    assert [line.split("request ")[1][:1] for line in done.stdout.splitlines()] == ["3", "4", "5"]
    assert "ERROR    shop-api GET /orders 500 12ms request 3 done requestId=req-3" in done.stdout


def test_an_argument_unquoted_by_the_shell_is_one_text(home: Path) -> None:
    done = logs(home, "--format", "json", "status:>=500", "request 3 done")

    (line,) = done.stdout.splitlines()
    assert json.loads(line)["requestId"] == "req-3"


@pytest.mark.parametrize(
    "argument",
    [
        "service:shop-api level:ERROR",
        "level:ERROR request",
        "level:WARNING OR status:5*",
        "request NOT level:INFO",
        "/request [34] done/ level:ERROR",
    ],
)
def test_several_terms_in_one_argument_are_several_terms(home: Path, argument: str) -> None:
    done = logs(home, "--format", "json", argument)

    (line,) = done.stdout.splitlines()
    assert json.loads(line)["requestId"] == "req-3"


def test_a_term_excluded_with_a_minus_is_not_an_option(home: Path) -> None:
    done = logs(home, "request", "-level:INFO", "--format", "json", "-health", "-service:cart")
    after_dashes = logs(home, "--format", "json", "--", "-level:INFO", "request")

    (line,) = done.stdout.splitlines()
    assert json.loads(line)["requestId"] == "req-3"
    assert after_dashes.stdout == done.stdout
    assert logs(home, "-h").stdout.startswith("使い方: ")
    assert logs(home, "-h", language="en").stdout.startswith("Usage: ")


def test_a_time_that_ends_before_it_begins_is_refused(home: Path) -> None:
    done = logs(home, "--from", "2026-11-28T00:00", "--to", "2026-11-27T00:00")

    assert (done.returncode, done.stdout) == (2, "")
    assert "開始が終了より後です" in done.stderr


def test_the_command_speaks_english_too(home: Path, tmp_path: Path) -> None:
    nothing = logs(home, "nowhere-to-be-found", language="en")
    both = logs(home, "--since", "1h", "--from", "2026-11-28T00:00", language="en")
    away = logs(tmp_path, "x", language="en")

    assert nothing.stderr == "Nothing found\n"
    assert "Choose either --since or --from" in both.stderr
    assert away.stderr.startswith("The log store does not respond: ")
    assert "A keyword or /PATTERN/ is searched in the message" in logs(home, "-h", language="en").stdout
    assert "A OR B wants one of the two, and NOT or a" in logs(home, "-h", language="en").stdout
    assert "キーワードと /正規表現/ は本文から" in logs(home, "-h").stdout
    assert "A OR B はどちらか一方でよく、前に NOT か" in logs(home, "-h").stdout


def test_csv_output_has_a_header(home: Path) -> None:
    rows = list(csv.DictReader(logs(home, "--format", "csv", "level:ERROR").stdout.splitlines()))

    assert [(row["status"], row["attributes"]) for row in rows] == [("500", '{"formula": "x"}')]


def test_no_result_and_an_invalid_search_have_different_exit_statuses(home: Path, tmp_path: Path) -> None:
    nothing = logs(home, "nowhere-to-be-found")
    unreadable = logs(home, "status:many")
    away = logs(tmp_path, "x")

    assert (nothing.returncode, nothing.stdout) == (1, "")
    assert unreadable.returncode == 2
    assert "HINT: " in unreadable.stderr
    assert away.returncode == 2
    assert "HINT: " in away.stderr


def test_an_unknown_name_in_a_search_that_finds_nothing_is_said(home: Path) -> None:
    near = logs(home, "level:EROR OR levle:ERROR", "sevice:shop-api", language="en")
    far = logs(home, "-request", "level:LOUD", "formula:*", "zzz.yyy:1")

    assert (near.returncode, near.stdout) == (1, "")
    assert near.stderr.splitlines() == [
        "No line of this time has the level “EROR”. Did you mean “ERROR”?",
        "No line of this time has a field “levle”. Did you mean “level”?",
        "No line of this time has a field “sevice”. Did you mean “service”?",
        "Nothing found",
    ]
    # The field formula is there.
    assert far.stderr.splitlines()[:2] == [
        "この期間に、レベル「LOUD」の行はありません",
        "この期間に、項目「zzz.yyy」のある行はありません",
    ]


def test_routes_of_access_logs_are_printed_with_their_figures(home: Path) -> None:
    table = routes(home, "--since", "1h", language="en").stdout.splitlines()
    (line,) = routes(
        home, "--format", "json", "--sort", "failed", "--service", "shop-api"
    ).stdout.splitlines()

    assert table[0].split() == [
        "Service",
        "Route",
        "Count",
        "Per",
        "minute",
        "Errors",
        "Median",
        "95%",
        "99%",
    ]
    assert table[1].split() == (
        ["shop-api", "GET", "/orders", "5", "0.08", "■", "20.0%", "12.0", "ms", "12.0", "ms", "12.0", "ms"]
    )
    assert json.loads(line) == {
        "service": "shop-api", "method": "GET", "route": "/orders", "count": 5, "perMinute": 0.083,
        "failed": 1, "p50Ms": 12.0, "p95Ms": 12.0, "p99Ms": 12.0,
    }  # fmt: skip


def test_routes_that_are_not_there_differ_from_a_store_that_is_away(home: Path, tmp_path: Path) -> None:
    nothing = routes(home, "--service", "nobody", language="en")
    away = routes(tmp_path)

    assert (nothing.returncode, nothing.stdout, nothing.stderr) == (1, "", "Nothing found\n")
    assert away.returncode == 2
    assert "HINT: " in away.stderr
    assert "経路ごとの件数、エラー率" in routes(home, "--help").stdout


def test_a_pattern_that_only_other_engines_read_is_refused_before_the_store_is_asked(tmp_path: Path) -> None:
    done = logs(tmp_path, "/(?>time)out/", language="en")

    assert (done.returncode, done.stdout) == (2, "")
    assert "can't be read as a regular expression of RE2: invalid perl operator: (?>" in done.stderr
