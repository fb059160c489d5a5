"""`toban account` and `toban password`: a one-time password, and what each of them says beside it."""

import re

import click
import pytest
from click.testing import CliRunner
from tests.registered import PARTS

from toban.engine.people.models import Operator
from toban.faces.cli.people import account, password
from toban.faces.cli.shell import shell_user

pytestmark = pytest.mark.django_db
_AGAIN = "二つ目の要素は、サインインのあとに登録し直します"


def test_a_new_account_is_told_its_password_and_of_no_factor_that_it_never_had() -> None:
    result = CliRunner().invoke(account.command, ["kai"], obj=PARTS)

    assert result.exit_code == 0, result.output
    found = re.search(r"一度だけ使えるパスワード: (\S+)", result.output)
    assert found is not None
    operator = Operator.objects.get(username="kai")
    assert operator.check_password(found[1])
    assert operator.must_change_password
    assert _AGAIN not in result.output


@pytest.mark.parametrize("command", [account.command, password.command])
def test_whose_shell_it_was_is_kept_with_the_password(command: click.Command) -> None:
    boss = Operator.objects.create_user(f"{shell_user()}@example.com")
    if command is password.command:
        Operator.objects.create_user("kai", password="lost")

    assert CliRunner().invoke(command, ["kai"], obj=PARTS).exit_code == 0

    assert Operator.objects.get(username="kai").password_setters == [boss.pk]


def test_a_renewed_password_says_that_the_factor_is_enrolled_again() -> None:
    Operator.objects.create_user("kai", password="lost")

    result = CliRunner().invoke(password.command, ["kai"], obj=PARTS)

    assert result.exit_code == 0, result.output
    found = re.search(r"一度だけ使えるパスワード: (\S+)", result.output)
    assert found is not None
    assert Operator.objects.get(username="kai").check_password(found[1])
    assert _AGAIN in result.output
