"""`toban exceptions`, next to a running Toban."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from pytest_django import Settings
from tests.integration.engine.exceptions.conftest import BINDINGS, DOCUMENT, ROW, make_accounts
from tests.registered import PARTS

from toban.engine.approvals.models import ApprovalAnswer
from toban.engine.evidence.models import LedgerEntry
from toban.engine.exceptions.models import RowException
from toban.faces.cli.exceptions.exceptions import command

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def home(tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "運用設計書.md").write_text(DOCUMENT, encoding="utf-8")
    (tmp_path / "toban.toml").write_text(BINDINGS, encoding="utf-8")
    monkeypatch.setenv("TOBAN_DESIGN", str(tmp_path / "運用設計書.md"))
    monkeypatch.setenv("TOBAN_BINDINGS", str(tmp_path / "toban.toml"))
    settings.HOME = tmp_path / "home"
    make_accounts()
    return tmp_path


def exceptions(*arguments: str) -> Result:
    return CliRunner().invoke(command, arguments, obj=PARTS)


def request(*more: str) -> Result:
    return exceptions("request", ROW, "--for", "30日", "--reason", "交換待ち", "--as", "sato", *more)


def listed(*more: str) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(exceptions("list", "--format", "json", *more).stdout)[
        "exceptions"
    ]
    return found


def test_an_exception_is_requested_granted_renewed_and_ended() -> None:
    assert request("--subject", "db-2").stdout == "例外 1 の承認を依頼しました\n"
    assert exceptions("grant", "1", "--as", "tanaka").exit_code == 0
    (found,) = listed("--state", "in-force")
    assert (found["row"], found["subject"], found["granted_by"]) == (ROW, "db-2", "tanaka")
    assert ApprovalAnswer.objects.get().via == "shell"

    done = exceptions("renew", "1", "--for", "60日", "--reason", "遅れ", "--as", "sato")
    assert (done.exit_code, [each["state"] for each in listed()]) == (0, ["asked", "in-force"])

    assert exceptions("end", "1", "--as", "sato").exit_code == 0
    assert [each["state"] for each in listed()] == ["asked", "ended"]
    assert "運用設計書.md:11 db-2  交換待ち  sato" in exceptions("list").stdout


def test_what_is_not_possible_ends_with_one_and_a_reason() -> None:
    request()

    for arguments in (
        ("grant", "1", "--as", "sato"),
        ("grant", "9", "--as", "tanaka"),
        ("grant", "1", "--as", "nobody"),
        ("refuse", "1", "--as", "tanaka"),
        ("renew", "1", "--for", "30日", "--reason", "x", "--as", "sato"),
        ("request", "どこにもない行", "--for", "30日", "--reason", "x", "--as", "sato"),
        ("request", ROW, "--reason", "x", "--as", "sato"),
    ):
        done = exceptions(*arguments)
        assert (done.exit_code, done.stdout) == (1, ""), arguments
        assert done.stderr

    assert RowException.objects.get().granted_at is None


@pytest.mark.parametrize("is_renewed", [False, True])
def test_whoever_asks_in_anothers_name_from_their_own_shell_does_not_approve_it(
    monkeypatch: pytest.MonkeyPatch, is_renewed: bool
) -> None:
    monkeypatch.setattr("toban.faces.cli.exceptions.exceptions.shell_user", lambda: "tanaka")
    request()
    if is_renewed:
        # Withdrawn and asked again from a shell of nobody's, and then renewed from that of 田中.
        monkeypatch.setattr("toban.faces.cli.exceptions.exceptions.shell_user", lambda: "root")
        exceptions("end", "1", "--as", "sato")
        request()
        assert exceptions("grant", "2", "--as", "tanaka").exit_code == 0
        monkeypatch.setattr("toban.faces.cli.exceptions.exceptions.shell_user", lambda: "tanaka")
        exceptions("renew", "2", "--for", "60日", "--reason", "遅れ", "--as", "sato")
    number = "3" if is_renewed else "1"

    done = exceptions("grant", number, "--as", "tanaka")

    assert (done.exit_code, listed()[0]["state"]) == (1, "asked")
    assert "自分が依頼したこと" in done.stderr
    order = "renew-exception" if is_renewed else "ask-exception"
    entry = LedgerEntry.objects.filter(content__order=order).latest("sequence")
    assert (entry.actor, entry.content["via"], entry.content["shell_user"]) == ("sato", "shell", "tanaka")


def test_a_request_is_refused_with_a_reason() -> None:
    request()

    done = exceptions("refuse", "1", "--reason", "直してください", "--as", "tanaka")

    assert (done.exit_code, listed()[0]["state"]) == (0, "rejected")
    assert exceptions("list", "--state", "in-force").stdout == "例外はありません\n"
