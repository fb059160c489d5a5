"""What a new version may not change without approval: everything that is not declared harmless."""

from collections.abc import Iterator
from pathlib import Path
from types import UnionType
from typing import Any, Literal, get_args, get_origin

import pytest
from pydantic import BaseModel
from tests.registered import PARTS, schema

from toban.engine.bindings.guarded import Guarded
from toban.engine.bindings.load import read_bindings
from toban.engine.bindings.model import BindingsFrame
from toban.engine.bindings.section import Section
from toban.engine.runs.kinds import BatchBinding

SHOWN_ONLY = {
    "ObjectiveBinding.instance",
    "ObjectiveBinding.target",
    "Person.phone",
    "StatusBinding.note",
    "StatusBinding.title",
    "System.name",
}
"""Texts that are declared harmless: nothing is run, reached or trusted by them."""


def guarded(text: str) -> Guarded:
    return read_bindings(text, Path("toban.toml"), PARTS.schema).guarded


def models() -> Iterator[type[BaseModel]]:
    """Yield every model of a table or kind, with those inside."""
    pending: list[Any] = [BindingsFrame]
    pending += [model for table in PARTS.schema.tables for model in table.models]
    pending += [model for kinds in PARTS.schema.models.values() for model in kinds.values()]
    seen: set[type[BaseModel]] = set()
    while pending:
        found = pending.pop()
        if isinstance(found, type) and issubclass(found, BaseModel):
            if found not in seen:
                seen.add(found)
                yield found
                pending += [field.annotation for field in found.model_fields.values()]
        else:
            pending += get_args(found)


def holds_text(annotation: Any) -> bool:
    """Return whether a value may be any text: a command, a host, a file, a secret's place."""
    if get_origin(annotation) is Literal:
        return False
    inner = get_args(annotation)
    if isinstance(annotation, UnionType) or inner:
        return any(map(holds_text, inner))
    return (
        annotation is str or annotation is object or getattr(annotation, "__name__", "") in {"Secret", "Path"}
    )


def test_no_key_that_may_hold_any_text_is_harmless_except_what_is_only_shown() -> None:
    texts = {
        f"{model.__name__}.{key}"
        for model in models()
        if issubclass(model, Section)
        for key in model.harmless
        if key in model.model_fields and holds_text(model.model_fields[key].annotation)
    }

    # An inherited key is declared once.
    assert {each for each in texts if each not in SHOWN_ONLY} <= {"BindingsFrame.assumptions"}


def test_every_harmless_key_exists() -> None:
    unknown = {
        f"{model.__name__}.{key}"
        for model in models()
        if issubclass(model, Section)
        for key in model.harmless
        if key not in model.model_fields
    }

    assert unknown == set()


def test_what_decides_who_approves_is_never_harmless() -> None:
    deciding = {
        "approval",
        "approvers",
        "approval_within",
        "irreversible",
        "account",
        "email",
        "mode",
        "signers",
    }

    assert {
        key for model in models() if issubclass(model, Section) for key in model.harmless & deciding
    } == set()


@pytest.mark.parametrize(
    "changed",
    [
        ("./cleanup", "./evil"),
        ('kind = "ssh"', 'kind = "ssh" # '),
        ("batch.example.com", "evil.example.com"),
        ('user = "batch"', 'user = "root"'),
        ("env:KEY", "file:/etc/shadow"),
        ("http://web", "http://evil"),
        ("env:HOOK", "env:OTHER"),
        ("/backups", "/evil"),
        ('account = "nami"', 'account = "eve"'),
        ("env:DSN", "env:EVIL"),
        ("approval = true", "approval = false"),
        ('approval = "運用責任者"', ""),
        ('timezone = "Asia/Tokyo"', 'timezone = "UTC"'),
        ('people = ["nami"]', 'people = ["eve"]'),
        ('"深夜" = "2:00"', '"深夜" = "3:00"'),
    ],
)
def test_every_command_host_secret_and_approver_is_guarded(changed: tuple[str, str]) -> None:
    before, after = guarded(BINDINGS), guarded(BINDINGS.replace(*changed))

    assert (before != after) is ("# " not in changed[1])


def test_times_and_words_that_nothing_runs_by_are_not_guarded() -> None:
    other = BINDINGS.replace('name = "店"', 'name = "本店"').replace('timeout = "5分"', 'timeout = "9分"')

    assert other != BINDINGS
    assert guarded(BINDINGS) == guarded(other)


def test_a_kind_that_nobody_thought_of_is_guarded_in_all_its_keys() -> None:
    class Rocket(BatchBinding):
        target: str = ""
        thrust: int = 0

    tables = schema(batches={"rocket": Rocket})
    before, after = (
        read_bindings(
            f'[batches.B1]\nkind = "rocket"\nthrust = {thrust}\ntimeout = "{minutes}分"\n',
            Path("toban.toml"),
            tables,
        ).guarded
        for thrust, minutes in ((1, 1), (2, 2))
    )

    assert (before, after) == (
        {("batches", "B1", "kind"): "rocket", ("batches", "B1", "thrust"): 1},
        {("batches", "B1", "kind"): "rocket", ("batches", "B1", "thrust"): 2},
    )


BINDINGS = """
[document]
approval = true
[system]
name = "店"
timezone = "Asia/Tokyo"
[targets.Web]
sources = [{ kind = "http", url = "http://web" }]
[people."運用責任者"]
account = "nami"
[duty."運用責任者"]
layers = [{ people = ["nami"] }]
[channels.slack]
kind = "slack"
webhook = "env:HOOK"
[stores.S3]
kind = "directory"
path = "/backups"
[backups.DB]
kind = "pg_dump"
store = "S3"
dsn = "env:DSN"
[batches.B1]
command = ["./cleanup"]
timeout = "5分"
approval = "運用責任者"
[batches.B2]
kind = "ssh"
host = "batch.example.com"
user = "batch"
key = "env:KEY"
known_hosts = "known"
command = ["run"]
[assumptions]
"深夜" = "2:00"
"""
