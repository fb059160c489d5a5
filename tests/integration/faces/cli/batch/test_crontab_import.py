"""`toban batch import crontab` from an operator's view: what is proposed, written and left out."""

import json
import re
import stat
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from django.utils.translation import override
from tests.registered import PARTS

from toban.faces.cli.batch.crontab import command
from toban.faces.cli.document.check import command as check

CRONTAB = """\
MAILTO=ops@example.com
# 夜間集計
0 2 * * * sh -c 'echo made'
0 9,18 * * mon-fri echo hello
@reboot echo never
"""
HEAD = "# 運用設計書\n\n## バッチ処理\n\n### バッチ一覧\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "crontab"
    path.write_text(CRONTAB, encoding="utf-8")
    return path


def run(*arguments: object, given: str | None = None) -> Result:
    return CliRunner().invoke(command, ["import", "crontab", *map(str, arguments)], input=given)


def test_a_proposal_shows_rows_tables_lines_and_leftovers_and_writes_nothing(
    file: Path, tmp_path: Path
) -> None:
    result = run(file, "--url", "https://toban.example.com")

    assert "| C001 | 夜間集計 | 日次 02:00 | sh -c 'echo made' | アラート |" in result.stdout
    assert '[batches.C003]\nkind = "ping"\ntoken = "file:pings/C003"' in result.stdout
    assert "/start; echo hello; curl" in result.stdout
    assert "https://toban.example.com/ping/TOKEN-C002/$?" in result.stdout
    assert "5: @reboot は時刻ではありません" in result.stdout
    assert result.exit_code == 1
    assert list(tmp_path.iterdir()) == [file]


def test_a_proposal_is_in_english_too(file: Path) -> None:
    with override("en"):
        result = run(file, "--as", "command")

    assert "For toban.toml:" in result.stdout
    assert "# The working directory is the folder of toban.toml (with cron it was HOME)" in result.stdout
    assert "1 line is not carried over:\n5: @reboot is not a time" in result.stdout


def test_a_left_out_line_has_its_reason_as_code_and_text() -> None:
    report = json.loads(run("-", "--format", "json", given="@reboot echo never\n").stdout)

    assert report["left"] == [
        {
            "line": 1,
            "text": "@reboot echo never",
            "reason": {
                "code": "batch.cron-at-reboot",
                "values": {},
                "text": "@reboot は時刻ではありません: 起動時の処理は systemd などに任せてください",
            },
        }
    ]


def test_the_crontab_may_come_from_standard_input() -> None:
    result = run("-", "--as", "command", "--format", "json", given="0 2 * * * totals --all\n")

    report = json.loads(result.stdout)
    assert [(each["id"], each["timing"]) for each in report["adopted"]] == [("C001", "日次 02:00")]
    assert 'command = ["totals", "--all"]' in report["bindings"]
    assert report["left"] == []
    assert result.exit_code == 0


def test_the_written_files_pass_check_live_and_the_secrets_are_private(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "toban"
    result = run(file, "--write", folder)

    assert result.exit_code == 1
    assert "@reboot" in result.stdout
    (folder / "運用設計書.md").write_text(HEAD + (folder / "batches.md").read_text(encoding="utf-8"))
    (folder / "batches.toml").rename(folder / "toban.toml")
    tokens = {path.name: path.read_text().strip() for path in (folder / "pings").iterdir()}
    assert len(set(tokens.values())) == len(tokens) == 3
    lines = (folder / "crontab.new").read_text(encoding="utf-8")
    assert re.findall(r"/ping/([0-9a-f-]{36})/\$\?", lines) == [tokens[key] for key in sorted(tokens)]
    for path in [folder / "crontab.new", *(folder / "pings").iterdir()]:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    monkeypatch.chdir(folder)
    parts = PARTS
    checked = CliRunner().invoke(check, ["運用設計書.md", "--live", "--format", "json"], obj=parts)
    assert [each["ok"] for each in json.loads(checked.stdout)["tried"]] == [True, True, True]
    assert checked.exit_code == 0


def test_existing_files_are_overwritten_only_on_request(file: Path, tmp_path: Path) -> None:
    run(file, "--write", tmp_path)
    before = (tmp_path / "pings" / "C001").read_text()

    refused = run(file, "--write", tmp_path)

    assert refused.exit_code == 2
    assert "batches.md" in refused.stderr
    assert "HINT: 上書きしてよければ --yes" in refused.stderr
    assert (tmp_path / "pings" / "C001").read_text() == before
    assert run(file, "--write", tmp_path, "--yes").exit_code == 1
    assert (tmp_path / "pings" / "C001").read_text() != before


def test_a_system_crontab_names_its_users() -> None:
    text = run("-", "--system", "--as", "command", given="17 * * * * backup run-parts /x\n").stdout

    # Cron still runs it: what Toban would do is compared first.
    assert 'command = ["run-parts", "/x"]\nmode = "shadow"\n' in text
    assert "cron では backup の権限で" in text


@pytest.mark.parametrize("content", [None, b"\xff\xfe0 2 * * * x"])
def test_an_unreadable_file_is_reported_with_a_hint(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "crontab"
    if content is not None:
        path.write_bytes(content)

    result = run(path)

    assert result.exit_code == 2
    assert f"{path}: 読めません" in result.stderr
    assert "HINT:" in result.stderr
    assert result.stdout == ""


def test_an_unknown_time_zone_is_refused() -> None:
    result = run("-", "--host-zone", "Asia/Nowhere", given="")

    assert result.exit_code == 2
    assert "Asia/Nowhere" in result.stderr
