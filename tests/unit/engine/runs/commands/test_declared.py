"""Parameters that bindings declare for the user's own command, and how the command is given them."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import ValidationError
from tests.unit.engine.runs.commands.test_command import FakeTurn

from toban.engine.runs.commands.command import LocalCommand
from toban.engine.runs.commands.declared import CommandBinding, declared, with_parameters
from toban.engine.runs.parameters import Parameter, ParameterKind
from toban.engine.runs.rules import RunReason
from toban.engine.runs.work import RunTurn, StepFailed
from toban.message import plain

SHOW = "import os, sys; print(sys.argv[1:], *(os.environ.get('BATCH_' + n) for n in ('MODE', 'KEY')))"


def bound(command: list[str], **parameters: dict[str, object]) -> CommandBinding:
    return CommandBinding.model_validate({"command": command, "parameters": parameters})


def act(config: CommandBinding) -> Callable[[RunTurn], object]:
    return with_parameters(config, lambda arguments: LocalCommand(arguments, Path.cwd()))


def test_a_table_becomes_parameters_of_its_kinds() -> None:
    config = bound(
        ["x"],
        count={"kind": "number", "least": 1, "most": 9.5, "default": 3},
        mode={"kind": "choice", "choices": ["light", "full"], "purpose": "how much", "required": True},
        key={"kind": "secret", "secrets": {"本番": "file:key"}},
    )

    assert declared(config) == (
        Parameter("count", plain(""), "3", ParameterKind.NUMBER, least="1", most="9.5", default="3"),
        Parameter(
            "mode", plain("how much"), "light", ParameterKind.CHOICE, ("light", "full"), is_required=True
        ),
        Parameter("key", plain(""), "本番", ParameterKind.SECRET, ("本番",)),
    )
    assert declared(bound(["x"])) is None


@pytest.mark.parametrize(
    ("name", "table", "words"),
    [
        ("mode", {"kind": "choice"}, "needs choices"),
        ("mode", {"kind": "text", "choices": ["a"]}, "takes no choices"),
        ("mode", {"kind": "choice", "choices": ["a"], "default": "b"}, "default"),
        ("count", {"kind": "number", "least": "ten"}, "must be numbers"),
        ("count", {"kind": "number", "least": 2, "default": 1}, "default"),
        ("key", {"kind": "secret", "secrets": {"a": "the secret itself"}}, "secret"),
        ("RUN", {}, "can't be a parameter's name"),
        ("due_at", {}, "can't be a parameter's name"),
        ("a-b", {}, "can't be a parameter's name"),
    ],
)
def test_a_table_that_contradicts_itself_is_refused(name: str, table: dict[str, object], words: str) -> None:
    with pytest.raises(ValidationError) as refused:
        bound(["x"], **{name: table})

    said = refused.value.errors()[0]
    assert words in (said["ctx"]["said"].in_language("en") if "ctx" in said else said["msg"])


def test_values_reach_the_command_as_whole_arguments_and_in_its_environment() -> None:
    config = bound(
        [sys.executable, "-c", SHOW, "{mode}", "--note={note}", "{other}", "{print}"],
        mode={"kind": "choice", "choices": ["light", "full"], "default": "light"},
        note={"required": True},
    )
    turn = FakeTurn(parameters={"mode": "full", "note": "a b; $(reboot) {mode}"})

    act(config)(turn)

    assert turn.said == ["['full', '--note=a b; $(reboot) {mode}', '{other}', '{print}'] full None"]


@pytest.mark.parametrize(
    "command",
    [
        ["sh", "-c", "{note}"],
        ["bash", "-lc", "run {note}"],
        ["sh", "script", "echo {note}"],
        ["x", "--filter=a;{note}"],
        ["x", "{note}/../etc"],
        ["perl", "-e", "{note}"],
        ["{note}"],
    ],
)
def test_a_place_where_a_value_could_become_code_is_refused(command: list[str]) -> None:
    with pytest.raises(ValidationError) as refused:
        bound(command, note={"required": True})

    assert "could be read as code" in refused.value.errors()[0]["ctx"]["said"].in_language("en")


def test_a_place_may_neither_stay_empty_nor_show_a_secret() -> None:
    tables: list[dict[str, object]] = [
        {"kind": "date"},
        {"kind": "secret", "secrets": {"a": "env:A"}, "required": True},
    ]
    for table in tables:
        with pytest.raises(ValidationError):
            bound(["x", "{day}"], day=table)


def test_a_secret_reaches_the_command_only_and_its_log_hides_it(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("first-half-of-it\nsecond-half\n")
    code = "import os; key = os.environ['BATCH_KEY']; print(key); print('::progress 40 with', key.split()[0])"
    config = CommandBinding.model_validate(
        {
            "command": [sys.executable, "-c", code],
            "parameters": {"key": {"kind": "secret", "secrets": {"本番": "file:key"}}},
        },
        context={"base": tmp_path},
    )
    turn = FakeTurn(parameters={"key": "本番"})

    act(config)(turn)

    assert turn.said == ["…", "…"]
    assert turn.progressed == [(40, "with …")]


@pytest.mark.parametrize(("secret", "is_run"), [("abc", False), (" abc\n", False), ("abcd", True)])
def test_a_secret_that_the_log_could_not_hide_is_refused(tmp_path: Path, secret: str, is_run: bool) -> None:
    (tmp_path / "key").write_text(secret)
    config = CommandBinding.model_validate(
        {"command": ["true"], "parameters": {"key": {"kind": "secret", "secrets": {"a": "file:key"}}}},
        context={"base": tmp_path},
    )
    turn = FakeTurn(parameters={"key": "a"})

    if is_run:
        assert act(config)(turn) == {"status": 0}
        return
    with pytest.raises(StepFailed, match="隠せないため") as failed:
        act(config)(turn)
    assert failed.value.reason is RunReason.NOT_RUNNABLE
    assert "abc" not in str(failed.value)


def test_a_secret_that_is_not_there_fails_without_a_retry() -> None:
    config = bound(["true"], key={"kind": "secret", "secrets": {"a": "env:NO_SUCH_SECRET"}})

    with pytest.raises(StepFailed) as failed:
        act(config)(FakeTurn(parameters={"key": "a"}))

    assert failed.value.reason is RunReason.NOT_RUNNABLE
