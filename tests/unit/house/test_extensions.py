"""What every extension must provide, so that no part of Toban forgets a chapter's rows."""

import re
from importlib import import_module
from pathlib import Path

import click
import pytest
from tests.manual import page, section
from tests.registered import PARTS

from toban import wiring
from toban.design.reader import load_design
from toban.engine.bindings.load import read_bindings
from toban.engine.editions.edition import Edition
from toban.engine.extension import Extension
from toban.engine.operation import Operation, rows_of
from toban.engine.registry.ports import loaded

ROOT = Path(__file__).parents[3]
DESIGN = load_design(ROOT / "examples" / "webshop" / "運用設計書.md")
CLOUD = load_design(Path(__file__).with_name("cloud.md"))
"""A document whose logs are in a cloud."""
BARE = Edition(DESIGN, read_bindings("", Path("toban.toml"), PARTS.schema), PARTS.kinds)
"""The shop's document without bindings."""

ALL = pytest.mark.parametrize("extension", PARTS.extensions, ids=lambda each: each.name)
OURS = pytest.mark.parametrize(
    "extension", PARTS.extensions[: len(wiring.EXTENSIONS)], ids=lambda each: each.name
)
"""Only Toban's own: installed packages have their own manuals."""

UNTRIED = {
    "objectives": "it names targets, whose sources are tried",
    "status": "it names targets, whose sources are tried",
    "document": "it names a role and keys: there is nothing to ask",
    "errors": "applications send: there is nothing to ask",
    "logs": "its archive is a store, and stores are tried",
    "syslog": "it is listened for: there is nobody to ask",
    "monitoring": "it only holds values that are assumed otherwise",
    "runs": "it only holds values that are assumed otherwise",
    "error_tracking": "it only holds values that are assumed otherwise",
    "capacity": "it only holds values that are assumed otherwise",
    "exceptions": "it only says who grants them, and for how long",
    "incidents": "it only holds values that are assumed otherwise",
    "game_days": "it only says when what [faults] makes is made, and that is tried",
    "vulnerabilities": "it only says how soon they are mended",
    "patches": "it only says when they are installed, and by whose approval",
    "access": "it only holds values that are assumed otherwise",
    "document_keeping": "it only holds values that are assumed otherwise",
    "tasks": "it only says when people are told",
    "reports": "it only says who signs; the report itself says that its logo can't be used",
}
"""Tables for which nothing can be tried, and why."""

UNPROPOSED = {
    "document": "who else can write the files decides by itself",
    "status": "no row of a document asks for a public page",
    "syslog": "no row of a document says how logs come",
    "logs": "only its archive, and that where the document speaks of one",
    "monitoring": "its values are assumed: the page of assumptions names them",
    "runs": "its values are assumed: the page of assumptions names them",
    "error_tracking": "its values are assumed: the page of assumptions names them",
    "capacity": "its values are assumed: the page of assumptions names them",
    "exceptions": "no row of a document asks for exceptions",
    "incidents": "its values are assumed: the page of assumptions names them",
    "faults": "nobody's first bindings break something on purpose",
    "game_days": "nobody's first bindings break something on purpose",
    "vulnerabilities": "no row of a document says how soon they are mended",
    "access": "its values are assumed: the page of assumptions names them",
    "commitments": "only people know what they bought",
    "lifecycles": "no row of a document says which bucket, and how old is old",
    "off_hours": "only people know when a group is needed, and how many are enough",
    "costs": "its values are assumed, and only people know a rate",
    "document_keeping": "its values are assumed: the page of assumptions names them",
    "drift": "nobody's first bindings push to a remote",
    "aws_budgets": "only people know which budget of a cloud is that of a row",
    "crontabs": "only people know which host's cron starts which batch",
    "tasks": "its values are assumed: the page of assumptions names them",
    "reports": "no row of a document says who signs the report",
}
"""Tables that `toban init` need not write, and why."""


def operation_of(extension: Extension) -> Operation:  # type: ignore[type-arg] # whatever it plans
    found = getattr(import_module(extension.operation), "OPERATION", None)
    assert isinstance(found, Operation)
    return found


@ALL
def test_everything_an_extension_names_exists(extension: Extension) -> None:
    for reference in (extension.evidence, extension.consequence, extension.why, *extension.offers.values()):
        assert not reference or loaded(reference) is not None
    for command in extension.commands.values():
        assert isinstance(import_module(command.module).command, click.Command)
    if extension.pages:
        assert import_module(extension.pages).urlpatterns
    if extension.api:
        assert import_module(extension.api).router
    if extension.intake:
        assert callable(import_module(extension.intake).intake)


@OURS
def test_every_extension_is_in_the_manual_in_both_languages(extension: Extension) -> None:
    assert len(re.findall(r"[ぁ-ん]", page("ja", extension.manual))) > 200
    assert len(re.findall(r"\b[a-z]{3,}\b", page("en", extension.manual))) > 100


@OURS
def test_every_table_of_an_extension_is_in_the_manual_in_both_languages(extension: Extension) -> None:
    japanese, english = (page(language, "bindings.md") for language in ("ja", "en"))

    for table in extension.tables:
        assert re.search(r"[ぁ-ん]", section(japanese, f"`[{table.name}")), table.name
        assert re.search(r"\b[a-z]{3,} [a-z]{2,}", section(english, f"`[{table.name}")), table.name


@ALL
def test_unbound_rows_of_an_extension_say_why_they_do_not_run(extension: Extension) -> None:
    if not extension.rows:
        return
    answered = BARE.plan(operation_of(extension)).rows

    for kind in extension.rows:
        rows = DESIGN.of(kind.clause)
        assert not rows or any(row.id in answered for row in rows), kind.clause.__name__


def test_a_row_handled_by_an_extension_has_a_kind_that_the_page_can_show() -> None:
    answered = rows_of(BARE, PARTS.operations)
    kinds = {type(clause) for clause in DESIGN.clauses if clause.id in answered}

    assert kinds <= PARTS.row_kinds.keys()


@ALL
def test_a_charted_row_has_a_series(extension: Extension) -> None:
    for kind in extension.rows:
        if kind.is_charted:
            assert any(operation_of(extension).chart(row) for row in DESIGN.of(kind.clause))


@ALL
def test_check_live_tries_everything_the_tables_bind(extension: Extension) -> None:
    tables = {table.name for table in extension.tables}

    if tables - UNTRIED.keys():
        assert operation_of(extension).trials is not Operation.__dataclass_fields__["trials"].default


@ALL
def test_init_proposes_everything_the_tables_bind(extension: Extension) -> None:
    proposed = {each.table for design in (DESIGN, CLOUD) for each in extension.proposals(design, PARTS.kinds)}

    assert {table.name for table in extension.tables} - UNPROPOSED.keys() <= proposed


def test_every_exception_still_names_an_existing_table() -> None:
    tables = {table.name for extension in PARTS.extensions for table in extension.tables}

    assert UNTRIED.keys() | UNPROPOSED.keys() <= tables


def test_no_two_extensions_register_the_same_name() -> None:
    for named in (
        [each.name for each in PARTS.extensions],
        [table.name for each in PARTS.extensions for table in each.tables],
        [command for each in PARTS.extensions for command in each.commands],
        [point.name for each in PARTS.extensions for point in each.points],
    ):
        assert len(named) == len(set(named))
