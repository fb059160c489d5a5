"""`toban run` and `toban runs` with real tables; in `test_batches` a worker executes the orders."""

import json

import pytest
from click.testing import CliRunner, Result
from django.utils import translation
from tests.integration.faces.web.ledger import awaiting, made, planned

from toban.engine.runs.models import Run
from toban.engine.runs.parameters import Parameter, ParameterKind, kept
from toban.engine.runs.rules import RunReason
from toban.faces.cli.runs import runs
from toban.faces.cli.runs.follow import follow
from toban.faces.cli.runs.run import command
from toban.message import Message, plain

pytestmark = pytest.mark.django_db

MONTH = {"name": "month", "purpose": plain("請求する月").as_json(), "example": "2026-11"}
TO = {"name": "to", "purpose": plain("この日まで").as_json(), "example": "2026-11-20"}


def run(*arguments: str) -> Result:
    return CliRunner().invoke(command, arguments)


def test_the_parameters_of_a_batch_are_listed_with_an_example() -> None:
    planned("B003", parameters=[MONTH, TO])

    listed = run("B003", "--parameters")

    assert (listed.exit_code, listed.stdout.splitlines()) == (
        0,
        [
            "month  請求する月  --set month=2026-11",
            "to     この日まで  --set to=2026-11-20",
        ],
    )


def test_a_value_that_is_not_allowed_is_refused_and_a_default_is_filled_in() -> None:
    count = Parameter("count", plain(""), "10", ParameterKind.NUMBER, least="1", most="99", default="10")
    key = Parameter("key", plain("どの鍵か"), "本番", ParameterKind.SECRET, ("本番",))
    planned("B003", parameters=kept((count, key)))

    listed = run("B003", "--parameters")
    refused = run("B003", "--set", "key=s3cr3t", "--yes")
    asked = run("B003", "--set", "key=s3cr3t")
    ordered = run("B003", "--set", "key=本番", "--yes")

    assert listed.stdout.splitlines() == [
        "count  数 (1〜99)  --set count=10",
        "key    どの鍵か  本番 のどれか  --set key=本番",
    ]
    assert refused.exit_code == 1
    assert "s3cr3t" not in refused.output
    assert asked.output == refused.output
    assert ordered.exit_code == 0
    assert Run.objects.get().parameters == {"count": "10", "key": "本番"}


@pytest.mark.parametrize(
    ("takes", "words"), [([], "パラメーターはありません"), (None, "名前は自由です")], ids=["none", "any"]
)
def test_a_batch_without_or_with_free_parameters_says_so(takes: list[object] | None, words: str) -> None:
    planned("B001", parameters=takes)

    assert words in run("B001", "--parameters").stdout


def test_an_unknown_parameter_is_refused_with_the_known_ones() -> None:
    planned("B003", parameters=[MONTH])

    refused = run("B003", "--set", "moth=2026-11", "--yes")

    assert refused.exit_code == 1
    assert "「B003」に「moth」というパラメーターはありません" in refused.stderr
    assert "HINT: 使えるのは month (請求する月) です" in refused.stderr
    assert not Run.objects.exists()


def test_the_parameters_of_a_batch_that_does_not_run_are_unknown() -> None:
    refused = run("B009", "--parameters")

    assert refused.exit_code == 1
    assert "「B009」というバッチはありません" in refused.stderr


def test_runs_are_listed_with_their_reasons_in_words() -> None:
    planned()
    made(note="2026-11-24: 注文 2件")
    made(state=Run.State.FAILED, reason=RunReason.TIMED_OUT, note="command: 制限時間 60 秒を過ぎました")
    made(state=Run.State.WAITING, reason=RunReason.RETRY, began_at=None)
    awaiting()

    listed = CliRunner().invoke(runs.command, []).stdout

    assert "● 成功  30.0秒  2026-11-24: 注文 2件" in listed
    assert "■ 失敗  30.0秒  制限時間を超過  command: 制限時間 60 秒" in listed
    assert "◌ 待ち  失敗し、再試行待ち: " in listed
    assert " から。ワーカーの空きを待っています" in listed
    assert "◎ 承認待ち" in listed
    assert not [reason for reason in RunReason if str(reason) in listed]


def test_commands_answer_in_the_users_language_and_json_has_the_code_and_values() -> None:
    planned("B003", parameters=[MONTH])
    made(note=Message("runs.skipped-by", by="nami", why="棚卸し"))

    with translation.override("en"):
        listed = CliRunner().invoke(runs.command, []).stdout
        refused = run("B003", "--set", "moth=2026-11", "--yes")
        (as_json,) = json.loads(CliRunner().invoke(runs.command, ["--format", "json"]).stdout)

    assert "30.0 s  Skipped by nami: 棚卸し" in listed
    assert "“B003” has no parameter “moth”\nHINT: The parameters are month (請求する月)" in refused.stderr
    assert as_json["note"] == {
        "code": "runs.skipped-by",
        "values": {"by": "nami", "why": "棚卸し"},
        "text": "Skipped by nami: 棚卸し",
    }


def test_following_a_run_to_its_end_prints_its_result_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    planned()
    run = made(state=Run.State.CANCELLED, reason=RunReason.REFUSED, note="凍結中")

    is_well = follow(run)

    assert not is_well
    assert "◇ 中止  30.0秒  却下された  凍結中" in capsys.readouterr().out
