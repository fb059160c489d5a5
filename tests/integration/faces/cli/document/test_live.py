"""`toban check --live` with real commands, hosts, databases and folders."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from pytest_django import Settings
from tests.integration.conftest import HttpServer
from tests.integration.remote_host import RemoteHost, serving
from tests.registered import PARTS

from toban.engine.supervision.home import in_force_folder
from toban.engine.trial import TrialCode
from toban.faces.cli.document.check import command

PAGES = Path(__file__).parents[5] / "docs" / "findings"
DOCUMENT = """# 運用設計書

## 監視

### 監視項目
| 対象 | 監視項目 | 正常範囲 | 警告 | 異常 | 監視間隔 |
|---|---|---|---|---|---|
| DB | 接続数 | 0-80 | 80 | 100 | 1分 |
| API | レスポンスタイム | 0-300ms | 300ms | 1000ms | 1分 |

## バッチ処理

### バッチ一覧
| バッチID | バッチ名 | 実行タイミング | 実行時間 | 処理内容 | 失敗時の対応 |
|---|---|---|---|---|---|
| B001 | 集計 | 日次 | 1:15 | 集計 | アラート |
| B002 | 送信 | 日次 | 1:30 | 送信 | アラート |
| B003 | 請求 | 気が向いたら | いつか | 請求 | アラート |
"""

type Check = Callable[..., Result]


@pytest.fixture
def check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Check:
    """Return a function that checks a document and bindings written to a folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")

    def run(bindings: str, *more: str, document: str = DOCUMENT) -> Result:
        (tmp_path / "運用設計書.md").write_text(document, encoding="utf-8")
        (tmp_path / "toban.toml").write_text(bindings, encoding="utf-8")
        return CliRunner().invoke(command, ["運用設計書.md", "--live", *more], obj=PARTS)

    return run


def keep(folder: Path, name: str, content: str) -> None:
    (folder / name).write_text(content)
    (folder / name).chmod(0o600)


def findings(result: Result, code: str) -> str:
    blocks = [block for block in result.stdout.split("\n\n") if f": {code} " in block]
    return "".join(f"{block.strip()}\n" for block in blocks)


def fenced(page: str, language: str) -> list[str]:
    return re.findall(rf"^````{language}\n(.*?)^````$", page, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("code", sorted(set(TrialCode) - {TrialCode.HANGS, TrialCode.APPROVAL}))
def test_the_manual_page_of_a_code_shows_the_actual_output(
    check: Check, tmp_path: Path, code: TrialCode
) -> None:
    page = (PAGES / f"{code}.md").read_text(encoding="utf-8")
    keep(tmp_path, "slack-webhook", "http://hooks.example.com/services/T0/B0/x")
    keep(tmp_path, "backup-dsn", "postgresql://backup@127.0.0.1:9/books")
    keep(tmp_path, "ssh-key", "not a key")

    result = check(fenced(page, "toml")[0], document=fenced(page, "markdown")[0])

    assert fenced(page, "text") == [findings(result, code)]
    assert page.startswith(f"# {code} ")
    assert f"レベル: {'情報' if code is TrialCode.COST else 'エラー'}" in page
    assert result.exit_code == 1


def test_what_would_wait_for_approval_is_said_before_it_is_put_in_place(
    check: Check, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    page = (PAGES / "LV009.md").read_text(encoding="utf-8")
    in_force, new, *_ = fenced(page, "toml")
    document = fenced(page, "markdown")[0]
    check(in_force, document=document)
    settings.HOME = tmp_path / "home"
    running = PARTS.in_force(in_force_folder(settings.HOME), Path("運用設計書.md"))
    running.refresh()
    running.keep()
    monkeypatch.setenv("TOBAN_HOME", str(settings.HOME))

    result = check(new, document=document)

    assert fenced(page, "text") == [findings(result, "LV009")]
    assert "レベル: 情報" in page
    assert findings(check(in_force, document=document), "LV009") == ""


def test_every_code_has_a_page_and_is_in_the_index() -> None:
    listed = re.findall(r"\[(LV\d{3})\]\(\1\.md\)", (PAGES / "README.md").read_text(encoding="utf-8"))

    assert listed == list(TrialCode)
    assert {page.stem for page in PAGES.glob("LV*.md")} == set(TrialCode)


@pytest.mark.parametrize(
    ("hosts", "said"),
    [
        (None, "対象 API: file hosts.txt: hosts.txt を読めません（No such file or directory）"),
        ("", "対象 API: file hosts.txt: 見つかった機械が 0 台です"),
        ("127.0.0.1:9 api-1\n", "対象 API: api-1: 接続できません（Connection refused）"),
        ("127.0.0.1 api-1\n", "対象 API: api-1: address の値が、見つかったものでは正しくなりません"),
    ],
)
def test_hosts_are_discovered_and_measured_during_the_check(
    check: Check, tmp_path: Path, hosts: str | None, said: str
) -> None:
    if hosts is not None:
        (tmp_path / "hosts.txt").write_text(hosts)

    result = check("""
[[targets.API.discovery]]
kind = "file"
path = "hosts.txt"
source = { kind = "tcp", address = "${address}" }
""")

    assert said in findings(result, TrialCode.SOURCE)
    assert findings(result, TrialCode.SOURCE).startswith("toban.toml:2: LV002")


def test_a_log_source_is_tried_and_its_cost_stated(
    check: Check, tmp_path: Path, http_server: HttpServer
) -> None:
    keep(tmp_path, "key", "AKIATOBANTEST")
    refusal = b'{"__type": "AccessDeniedException", "message": "not you"}'
    http_server.answer = lambda handler: handler.reply(400, refusal)

    result = check(f"""
[log_sources.shop]
kind = "cloudwatch"
region = "ap-northeast-1"
endpoint_url = "{http_server.url}"
access_key = "file:key"
secret_key = "file:key"
group = "/ecs/shop"
""")

    assert "toban.toml:2: LV002 ログの源 shop: 権限がありません" in findings(result, TrialCode.SOURCE)
    assert "ログの源 shop: CloudWatch Logs の /ecs/shop を 1分毎に読みます" in findings(
        result, TrialCode.COST
    )


def test_working_bindings_print_nothing_and_leave_nothing_behind(
    check: Check, tmp_path: Path, http_server: HttpServer
) -> None:
    (tmp_path / "backups").mkdir()
    keep(tmp_path, "token", "5bf66975-d4c7-4bf5-bcc8-b8d8a82ea278")
    bindings = f"""
[batches.B001]
command = ["sh", "-c", "touch run"]
[batches.B002]
kind = "ping"
token = "file:token"
[[targets.API.sources]]
kind = "http"
url = "{http_server.url}/"
[stores.NAS]
kind = "directory"
path = "backups"
"""

    result = check(bindings, "--format", "json")

    report = json.loads(result.stdout)
    assert [each for each in report["findings"] if each["file"] == "toban.toml"] == []
    assert [(each["name"]["text"], each["ok"]) for each in report["tried"]] == [
        ("バッチ B001", True),
        ("バッチ B002", True),
        ("対象 API", True),
        ("保存先 NAS", True),
    ]
    assert result.exit_code == 0
    assert not (tmp_path / "run").exists()
    assert [path for path in (tmp_path / "backups").rglob("*") if path.is_file()] == []


def test_a_relative_command_is_resolved_next_to_the_bindings(check: Check, tmp_path: Path) -> None:
    bindings = '[batches.B001]\ncommand = ["./totals"]\n'
    assert f"{tmp_path}/totals がありません" in findings(check(bindings), "LV001")

    (tmp_path / "totals").write_text("#!/bin/sh\n")
    assert "HINT: chmod +x" in findings(check(bindings), "LV001")
    (tmp_path / "totals").chmod(0o755)

    assert findings(check(bindings), "LV001") == ""


def test_an_unparsable_schedule_is_reported_at_the_batch_that_depends_on_it(check: Check) -> None:
    found = findings(check('[batches.B003]\ncommand = ["sh"]\n'), "LV007")

    assert "toban.toml:1: LV007 バッチ B003: 運用設計書.md:18 の行を読めませんでした" in found
    assert "気が向いたら" in found


def test_a_wrong_database_is_reported_in_its_own_words_and_without_the_password(
    check: Check, tmp_path: Path, postgres_dsn: str
) -> None:
    wrong = postgres_dsn.replace("/postgres", "/no_such_shop")
    separator = "&" if "?" in wrong else "?"
    keep(tmp_path, "dsn", f"{wrong}{separator}password=Kagi-no-himitsu")
    bindings = '[[targets.DB.sources]]\nkind = "postgresql"\ndsn = "file:dsn"\n'

    result = check(bindings)

    assert '"no_such_shop" does not exist' in findings(result, "LV002")
    assert "Kagi" not in result.output


BACKUP = """
## バックアップ・リストア

### バックアップ方針
| 対象 | 方式 | 頻度 | 世代管理 | 保存先 | 保存期間 |
|---|---|---|---|---|---|
| PostgreSQL | フルバックアップ | 日次 2:00 | 30世代 | NAS | 30日 |
"""


def test_a_backup_engine_reports_what_its_server_lacks(
    check: Check, tmp_path: Path, postgres_dsn: str
) -> None:
    (tmp_path / "backups").mkdir()
    keep(tmp_path, "dsn", postgres_dsn)
    bindings = """
[stores.NAS]
kind = "directory"
path = "backups"
[backups.PostgreSQL]
kind = "native"
dsn = "file:dsn"
"""

    found = findings(check(bindings, document=DOCUMENT + BACKUP), "LV004")

    assert "バックアップ PostgreSQL: summarize_wal が off なので、増分を作れません" in found
    assert "HINT: ALTER SYSTEM SET summarize_wal = on" in found


def test_a_missing_secret_is_an_error_and_its_table_is_not_tried(check: Check) -> None:
    result = check('[batches.B002]\nkind = "ping"\ntoken = "file:nowhere"\n', "--format", "json")

    report = json.loads(result.stdout)
    live: list[dict[str, Any]] = [each for each in report["findings"] if each["file"] == "toban.toml"]
    assert [(each["code"], each["level"]) for each in live] == [("BD007", "error")]
    assert report["tried"] == []
    assert result.exit_code == 1


def test_short_or_shared_tokens_are_reported(check: Check, tmp_path: Path) -> None:
    keep(tmp_path, "token", "too-short")
    bindings = "\n".join(f'[batches.{key}]\nkind = "ping"\ntoken = "file:token"' for key in ("B001", "B002"))

    found = findings(check(bindings), "LV001")

    assert found.count("16 文字以上ではありません") == 2
    assert "トークンが [batches.B002] と同じです" in found
    assert "too-short" not in found


def test_unreadable_bindings_are_reported_along_with_the_document(check: Check) -> None:
    result = check("[batches.B001]\nkind = 'cron'\n")

    assert "toban.toml:2: BD006 「cron」という種類はありません" in result.stdout
    assert result.exit_code == 1


def test_bindings_without_live_are_refused_as_wrong_usage(tmp_path: Path) -> None:
    result = CliRunner().invoke(command, [str(tmp_path / "x.md"), "--bindings", "toban.toml"], obj=PARTS)

    assert result.exit_code == 2
    assert "--live" in result.stderr


@pytest.fixture(scope="module", params=["openssh", "asyncssh"])
def remote(request: pytest.FixtureRequest) -> Iterator[RemoteHost]:
    with serving(request.param) as running:
        yield running


def ssh_batch(remote: RemoteHost, program: str, **changed: object) -> str:
    keys = {
        "host": "127.0.0.1",
        "port": remote.port,
        "user": remote.user,
        "key": f"file:{remote.key}",
        "known_hosts": str(remote.write_known_hosts()),
        "command": [program],
    }
    lines = [f"{name} = {json.dumps(value)}" for name, value in (keys | changed).items()]
    return "\n".join(["[batches.B001]", 'kind = "ssh"', *lines])


def test_a_host_that_accepts_the_key_and_has_the_command_passes(check: Check, remote: RemoteHost) -> None:
    assert findings(check(ssh_batch(remote, "sh")), "LV001") == ""


def test_a_command_missing_on_the_host_is_reported(check: Check, remote: RemoteHost) -> None:
    found = findings(check(ssh_batch(remote, "no-such; touch /tmp/x")), "LV001")

    assert "に「no-such; touch /tmp/x」がないか、実行する権限がありません" in found


def test_an_unknown_host_is_reported_with_its_fingerprint(
    check: Check, remote: RemoteHost, tmp_path: Path
) -> None:
    (tmp_path / "nobody").write_text("")

    found = findings(check(ssh_batch(remote, "sh", known_hosts="nobody")), "LV001")

    assert "のホスト鍵が nobody にありません (相手の鍵は SHA256:" in found
    assert f"HINT: 相手の機械で指紋を確かめてから、ssh-keyscan -p {remote.port}" in found


def test_what_is_pushed_to_toban_is_not_tried_before_the_first_start(
    check: Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    # No table of the state database is there yet: here, none may be asked at all.
    monkeypatch.setenv("HOSTS_TOKEN", "0" * 40)

    result = check("""
[senders.hosts]
token = "env:HOSTS_TOKEN"
may = ["metrics"]

[[targets.API.sources]]
kind = "pushed"
sender = "hosts"
instance = "api-1"
""")

    assert findings(result, TrialCode.SOURCE) == ""
    assert result.exit_code == 0, result.output
