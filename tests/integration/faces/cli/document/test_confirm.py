"""`toban confirm`: a person puts the waiting version in force."""

import getpass
from collections.abc import Callable

import pytest
from click.testing import CliRunner, Result
from tests.integration.engine.editions.test_records import DB, NOON, WITHOUT_DB, edition, refusal, rows_of

from toban.engine.editions import records
from toban.engine.evidence.models import LedgerEntry
from toban.faces.cli.document.confirm import command

pytestmark = pytest.mark.django_db


@pytest.fixture
def confirm() -> Callable[..., Result]:
    def called(*words: str, answer: str = "") -> Result:
        return CliRunner().invoke(command, words, input=answer)

    return called


@pytest.fixture
def waiting() -> None:
    records.record_refusal(edition(), refusal(edition(WITHOUT_DB)), rows_of, NOON)


def test_the_reason_and_the_plan_are_shown_and_yes_confirms(
    confirm: Callable[..., Result], waiting: None
) -> None:
    result = confirm("--yes")

    assert result.exit_code == 0, result.output
    assert "DB would stop" in result.output
    assert "- 監視項目「DB 接続数」" in result.output
    entry = LedgerEntry.objects.get(content__has_key="confirmed")
    assert entry.actor == getpass.getuser()
    assert LedgerEntry.objects.get(pk=entry.content["entry"]).content["stopped"] == [DB]


def test_without_a_yes_nothing_is_confirmed(confirm: Callable[..., Result], waiting: None) -> None:
    result = confirm(answer="n\n")

    assert result.exit_code == 1
    assert records.waiting() is not None


def test_when_nothing_waits_the_command_says_so(confirm: Callable[..., Result]) -> None:
    result = confirm("--yes")

    assert result.exit_code == 1
    assert "確認を待っている版はありません" in result.output
