"""`toban changes`: what changed, as lines and as JSON."""

import json
from datetime import timedelta

import pytest
from click.testing import CliRunner, Result
from tests.registered import PARTS

from toban.engine.changes import recording
from toban.engine.changes.act import ChangeKind
from toban.engine.changes.recorded import RecordedChange
from toban.engine.clock import system_clock
from toban.faces.cli.changes.changes import command

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> Result:
    return CliRunner().invoke(command, arguments, obj=PARTS)


@pytest.fixture(autouse=True)
def released() -> None:
    now = system_clock()
    for text, about, at in (("shop 1", "web-1", now - timedelta(days=1)), ("batch 2", "db-1", now)):
        wanted = RecordedChange(kind=ChangeKind.RELEASE, text=text, about=(about,), at=at)
        recording.record(wanted, by="ci", now=now)


def test_changes_are_listed_newest_first() -> None:
    newest, oldest = run().stdout.splitlines()

    assert newest.endswith("リリース  ci  batch 2")
    assert oldest.endswith("リリース  ci  shop 1")


def test_subject_period_and_person_narrow_the_list() -> None:
    since = f"{system_clock().astimezone() - timedelta(hours=1):%Y-%m-%d %H:%M}"

    assert "shop 1" in run("--about", "WEB-1").stdout
    assert "batch 2" not in run("--about", "WEB-1").stdout
    assert "shop 1" not in run("--since", since).stdout
    assert run("--by", "mira").stdout == "この期間の変更はありません。\n"
    assert run("--since", "yesterday").exit_code == 2


def test_json_says_the_same() -> None:
    (found,) = json.loads(run("--about", "db-1", "--format", "json").stdout)

    assert (found["kind"], found["by"], found["what"]["text"], found["about"]) == (
        "release", "ci", "batch 2", ["db-1"],
    )  # fmt: skip
