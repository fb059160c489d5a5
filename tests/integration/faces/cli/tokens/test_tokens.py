"""`toban tokens`: made for an account, listed, revoked."""

import json
from datetime import timedelta
from typing import Any

import pytest
from click.testing import CliRunner, Result
from tests.registered import PARTS

from toban.engine.clock import system_clock
from toban.engine.people.models import Operator, OperatorRole
from toban.engine.tokens import service
from toban.engine.tokens.models import ApiToken
from toban.faces.cli.tokens.tokens import command

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def mira() -> Operator:
    return Operator.objects.create_user("mira", operator_role=OperatorRole.DEVELOPER)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(command, arguments, obj=PARTS)


def create(**changes: str) -> Result:
    given = {"name": "ci", "scope": "read:alerts", "until": day(30), "account": "mira", **changes}
    return run("create", *(word for name, value in given.items() for word in (f"--{name}", value)))


def day(ahead: int) -> str:
    return f"{system_clock().astimezone() + timedelta(days=ahead):%Y-%m-%d}"


def test_a_token_is_printed_once_and_ends_with_its_last_day() -> None:
    made = create()

    assert made.exit_code == 0, made.output
    token = made.output.strip()
    kept = ApiToken.objects.get()
    assert service.holder_of(token, system_clock()) == kept
    assert f"{kept.ends_at.astimezone():%Y-%m-%d %H:%M}" == f"{day(31)} 00:00"


def test_an_account_that_has_something_to_do_first_gets_no_token() -> None:
    Operator.objects.update(must_change_password=True)

    refused = create()

    assert refused.exit_code == 1
    assert "mira のパスワードは一度きりのもので" in refused.stderr
    assert "HINT: mira としてページにサインインし" in refused.stderr
    assert not ApiToken.objects.exists()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"account": "nobody"}, "mira"),
        ({"scope": "read:everything"}, "act:silences"),
        ({"until": day(-2)}, "期限"),
        ({"until": day(400)}, "366日"),
        ({"name": " "}, "名前がありません"),
    ],
)
def test_what_is_not_possible_is_refused_with_a_way_out(changes: dict[str, str], said: str) -> None:
    refused = create(**changes)

    assert refused.exit_code == 1
    assert said in refused.output.replace(" ", "")
    assert not ApiToken.objects.exists()


def test_tokens_are_listed_with_their_last_use_and_without_the_token() -> None:
    token = create().output.strip()
    service.holder_of(token, system_clock())

    text = run("list").output
    [found] = json.loads(run("list", "--format", "json").output)

    assert "ci  mira  read:alerts" in text
    assert "最後の使用" in text
    assert (found["account"], found["scopes"], found["is_usable"]) == ("mira", ["read:alerts"], True)
    assert token not in text + json.dumps(found)


def test_a_token_of_a_locked_account_is_shown_as_without_access() -> None:
    create()
    Operator.objects.update(is_active=False)

    [found] = _listed()

    assert found["is_usable"] is False
    assert "無効" in run("list").output


def test_a_revoked_token_is_gone() -> None:
    token = create().output.strip()
    number = str(ApiToken.objects.get().pk)

    assert run("revoke", number).exit_code == 0

    assert service.holder_of(token, system_clock()) is None
    assert run("revoke", number).exit_code == 1
    assert "ありません" in run("list").output


def _listed() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(run("list", "--format", "json").output)
    return found
