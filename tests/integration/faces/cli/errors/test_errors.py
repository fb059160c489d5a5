"""`toban errors` with a running Toban."""

import json
import shlex
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from django.utils import translation
from pytest_django import Settings
from tests.integration.chapters.errors.reported import DOCUMENT, event, take
from tests.registered import PARTS

from toban import wiring
from toban.chapters.errors import orders
from toban.chapters.errors.models import ErrorGroup
from toban.engine.clock import system_clock
from toban.engine.search_parts import Match, SearchTerm
from toban.engine.supervision import home
from toban.engine.telemetry.logs.language import read_search
from toban.faces.cli.errors.errors import command
from toban.faces.cli.supervision import webshop

pytestmark = pytest.mark.django_db

KEY = "0123456789abcdef0123456789abcdef"
BINDINGS = """
[errors.shop]
project = 7
key = "file:shop-key"
[errors.lost]
project = 8
key = "file:nowhere"
[errors.elsewhere]
project = 10
key = "env:ELSEWHERE_ERRORS_KEY"
[errors.odd]
project = 9
key = "file:odd-key"
"""

type Errors = Callable[..., Result]


@pytest.fixture
def errors(tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Errors:
    """Call `toban errors` on a home in which nothing has been stored yet."""
    (tmp_path / "運用設計書.md").write_text(DOCUMENT, encoding="utf-8")
    (tmp_path / "toban.toml").write_text(BINDINGS, encoding="utf-8")
    (tmp_path / "shop-key").write_text(KEY + "\n")
    (tmp_path / "odd-key").write_text("a/b@c")
    monkeypatch.setenv("TOBAN_DESIGN", str(tmp_path / "運用設計書.md"))
    monkeypatch.delenv("TOBAN_BINDINGS", raising=False)
    settings.HOME = tmp_path / "home"
    settings.PUBLIC_URL = "https://toban.example.com"
    parts = PARTS
    return lambda *arguments: CliRunner().invoke(command, arguments, obj=parts)


def test_open_errors_are_listed_most_recently_seen_first(errors: Errors) -> None:
    now = system_clock()
    first, last = take(event("KeyError", at=now)), take(event("TypeError", at=now + timedelta(seconds=1)))
    orders.resolve(take(event("Mended", at=now)).pk, by="mira", now=now)

    lines = errors("list").output.splitlines()

    assert [line.split()[0] for line in lines] == [str(last.pk), str(first.pk)]
    assert "■ 新しい  shop TypeError: 'sku'  1件" in lines[0]
    assert "Mended" in errors("list", "--state", "resolved").output
    assert errors("list", "--search", "nothing like it").output == "この条件に当てはまるエラーはありません\n"


def test_the_search_uses_the_same_query_language_as_the_page(errors: Errors) -> None:
    now = system_clock()
    take(event("KeyError", at=now, environment="production", tags={"region": "tokyo"}))
    take(event("TypeError", at=now, environment="staging"))

    found = errors("list", "--search", "environment:production region:to* -type:typeerror")

    assert ("KeyError" in found.output, "TypeError" in found.output) == (True, False)


def test_an_invalid_search_is_refused_with_a_hint(errors: Errors) -> None:
    refused = errors("list", "--search", "release:>1.0")

    assert refused.exit_code == 2
    assert "大小を比べられるのは count と users だけです" in refused.stderr
    assert "HINT: toban errors list --help" in refused.stderr


def test_json_output_is_available(errors: Errors) -> None:
    group = take(event(release="shop@1.0.0", at=system_clock()))

    listed = json.loads(errors("list", "--format", "json").output)
    shown = json.loads(errors("show", str(group.pk), "--format", "json").output)

    assert [(each["error"], each["state"], each["first_release"]) for each in listed] == [
        (group.pk, "open", "shop@1.0.0")
    ]
    assert shown["event"]["raised"][0]["kind"] == "KeyError"


def test_one_error_is_shown_with_its_stack_and_the_command_for_its_logs(errors: Errors) -> None:
    group = take(event(at=system_clock(), tags={"request_id": "r-1"}))

    told = errors("show", str(group.pk)).output

    assert "▸ shop.cart of_KeyError" in told
    assert "ログ: toban logs requestId:r-1\n" in told
    missing = errors("show", "999")
    assert (missing.exit_code, "HINT:" in missing.output) == (1, True)


def test_the_command_speaks_english_too(errors: Errors) -> None:
    group = take(event(at=system_clock(), tags={"request_id": "r-1"}))

    with translation.override("en"):
        shown = errors("show", str(group.pk)).output
        refused = errors("list", "--search", "release:>1.0")
        missing = errors("dsn", "absent")

    assert "1 event  last " in shown
    assert "    First seen: " in shown
    assert "Logs: toban logs requestId:r-1\n" in shown
    assert refused.stderr.splitlines() == [
        "“release:>1.0”: only count and users can be compared with < and >",
        "HINT: toban errors list --help shows how to write a search",
    ]
    assert missing.stderr.startswith("There is no [errors.absent]\nHINT: In ")


def test_the_command_for_the_logs_can_be_pasted_into_a_shell(errors: Errors) -> None:
    odd = 'r\'; touch "it" #'
    group = take(event(at=system_clock(), tags={"request_id": odd}))

    told = errors("show", str(group.pk)).output

    (command,) = (line for line in told.splitlines() if line.startswith("ログ: "))
    (_, _, _, search) = shlex.split(command)
    assert read_search(search).terms == (SearchTerm("request_id", Match.WHOLE, odd),)


def test_text_from_an_application_cannot_control_the_terminal(errors: Errors) -> None:
    frame = {"function": "\x1b[2J", "filename": "a\rb", "context_line": "\tif x:\x07"}
    raised = [{"type": "\x1b]0;E", "value": "first\nsecond\x1b[31m", "stacktrace": {"frames": [frame]}}]
    number = str(take(event(at=system_clock(), exception=raised)).pk)

    for told in (errors("list").output, errors("show", number).output):
        assert not {char for char in told if not char.isprintable()} - {"\n"}
    assert "second" in errors("show", number).output


def test_errors_can_be_assigned_resolved_reopened_and_ignored(errors: Errors) -> None:
    number = str(take(event(at=system_clock())).pk)

    assert errors("assign", number, "kai").exit_code == 0
    assert errors("resolve", number, "--in", "shop@1.5.0").exit_code == 0
    settled = ErrorGroup.objects.get()
    assert (settled.assignee, settled.state, settled.resolved_in) == ("kai", "resolved", "shop@1.5.0")
    assert "解決" in errors("show", number).output

    assert errors("reopen", number).exit_code == 0
    assert errors("ignore", number).exit_code == 0
    again = errors("ignore", number)
    assert (again.exit_code, "すでに無視中です" in again.output) == (1, True)


def test_a_dsn_is_the_public_url_with_the_key_and_the_project(errors: Errors) -> None:
    assert errors("dsn", "shop").output == f"https://{KEY}@toban.example.com/7\n"

    for app, why in (("lost", "鍵を読めません"), ("odd", "英数字でない"), ("none", "ありません")):
        refused = errors("dsn", app)
        assert (refused.exit_code, why in refused.output, KEY in refused.output) == (1, True, False)


def test_a_missing_key_is_reported_with_where_to_find_it(
    errors: Errors, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ELSEWHERE_ERRORS_KEY", raising=False)

    by_name, by_file = errors("dsn", "elsewhere").stderr, errors("dsn", "lost").stderr

    assert "HINT: 鍵は toban up を動かす側の環境変数 ELSEWHERE_ERRORS_KEY にあります" in by_name
    assert "export ELSEWHERE_ERRORS_KEY=" in by_name
    assert "HINT: 鍵のファイルがあれば、それを読める利用者で" in by_file
    monkeypatch.setenv("ELSEWHERE_ERRORS_KEY", KEY)
    assert errors("dsn", "elsewhere").output == f"https://{KEY}@toban.example.com/10\n"


def test_without_a_public_url_a_dsn_has_the_address_of_the_running_toban(
    errors: Errors, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TOBAN_PUBLIC_URL", raising=False)
    home.take(settings.HOME).show("http://127.0.0.1:8400", [])

    assert errors("dsn", "shop").output == f"http://{KEY}@127.0.0.1:8400/7\n"

    monkeypatch.setenv("TOBAN_PUBLIC_URL", settings.PUBLIC_URL)
    assert errors("dsn", "shop").output == f"https://{KEY}@toban.example.com/7\n"


def test_the_key_of_the_example_shop_is_available_in_any_shell(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.HOME, settings.PUBLIC_URL = tmp_path / "home", "http://127.0.0.1:8300"
    shop = webshop.open_webshop(home.take(settings.HOME), webshop.PORTS, "127.0.0.1:8300")
    monkeypatch.setenv("TOBAN_BINDINGS", str(webshop.place_bindings(shop, None)))
    monkeypatch.setenv("TOBAN_DESIGN", str(shop.design))
    monkeypatch.delenv(webshop.ERRORS_VARIABLE, raising=False)

    told = CliRunner().invoke(command, ["dsn", "shop"], obj=wiring.parts())

    # The DSN with which the shop itself reports.
    assert told.output == f"{shop.environment['SHOP_ERRORS_DSN']}\n"


def test_a_new_key_has_the_format_that_sdks_expect(errors: Errors) -> None:
    key = errors("key").output.strip()

    assert (len(key), key.isalnum(), key != errors("key").output.strip()) == (32, True, True)


def test_a_week_of_errors_can_be_reviewed(errors: Errors) -> None:
    last_week = system_clock() - timedelta(days=7)
    group = take(event(at=last_week), last_week)

    told = errors("review")
    assert "新規\n" in told.output
    assert f"{group.pk}       0 → 1" in told.output
    as_json = json.loads(errors("review", "--format", "json").output)

    assert [each["trend"] for each in as_json["errors"]] == ["new"]
    assert "エラーはありませんでした" in errors("review", "--week", "2026-01-05").output
    for wrong in ("x", "0001-01-01"):
        assert errors("review", "--week", wrong).exit_code == 2
