"""`toban masks` as typed in a shell, with a real store."""

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

MESSAGES = (
    "mail to taro@example.jp from shop@1.4.2",
    "tel 090-1234-5678",
    "by EMP-123456 and hanako@example.jp",
    "nothing",
)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, store: StoreProcess) -> Path:
    home = tmp_path_factory.mktemp("home")
    now = datetime.now(UTC) - timedelta(minutes=5)
    rows = [
        LogRow(
            "application", f"{now:%Y-%m-%d}", now.timestamp() + number, "INFO", "shop-api", message, "", "",
            "", "", "", "", "", 0, 0.0, {"customer": "顧客7"}, "shop", number,
        )
        for number, message in enumerate(MESSAGES)
    ]  # fmt: skip
    LogStore(store.telemetry).write(batch_of(key_of("shop", "", b"masks"), rows))
    (home / "telemetry-url").write_text(store.telemetry_url)
    return home


def masks(home: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    usual = {name: value for name, value in os.environ.items() if name != "TOBAN_TELEMETRY_URL"}
    return run(
        ["-m", "toban", "masks", *arguments],
        env={**usual, "TOBAN_HOME": str(home), "TOBAN_LANGUAGE": "en", **environment},
    )


def test_stored_lines_are_shown_as_they_would_be_masked(home: Path) -> None:
    done = masks(
        home, "--mask", "emails", "--mask", "phones", "--pattern", "EMP-[0-9]{6}", "--format", "json"
    )

    assert done.returncode == 0
    assert [
        (each["masks"], each["line"]["message"]) for each in map(json.loads, done.stdout.splitlines())
    ] == [
        (["emails", "mask_patterns: EMP-[0-9]{6}"], "by *** and ***"),
        (["phones"], "tel ***"),
        (["emails"], "mail to *** from shop@1.4.2"),
    ]
    assert "emails: 2 lines" in done.stderr
    assert "3 of 4 lines would change" in done.stderr


def test_only_so_many_lines_are_printed_but_all_are_counted(home: Path) -> None:
    done = masks(home, "--field", "customer", "--show", "1")

    shown, by, total = done.stdout.splitlines()
    assert '"customer": "***"' in shown.replace('":"', '": "')
    assert by == "mask_fields: customer: 4 lines"
    assert total.startswith("4 of 4 lines would change")


def test_nothing_to_mask_is_an_exit_status(home: Path) -> None:
    assert masks(home, "--mask", "cards").returncode == 1


def test_a_pattern_that_can_not_be_used_is_refused(home: Path) -> None:
    done = masks(home, "--pattern", "(?=x)")

    assert done.returncode == 2
    assert "--pattern" in done.stderr


def test_the_masks_of_the_bindings_are_tried_as_they_are_on_disk(home: Path, tmp_path: Path) -> None:
    (tmp_path / "design.md").write_text(
        "## ログ種別\n\n| ログ | 保存期間 |\n|---|---|\n| アクセスログ | 90日 |\n"
    )
    (tmp_path / "toban.toml").write_text('[logs]\nmask_patterns = ["EMP-[0-9]{6}"]\n')

    done = masks(
        home,
        TOBAN_DESIGN=str(tmp_path / "design.md"),
        TOBAN_BINDINGS=str(tmp_path / "toban.toml"),
    )

    assert done.returncode == 0, done.stderr
    assert "by *** and hanako@example.jp" in done.stdout
