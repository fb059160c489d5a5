"""How entries are read as changes."""

import pytest
from tests.registered import PARTS

from toban.engine.changes.act import ChangeKind, act_of, facts_of, key_of, unchanged
from toban.engine.editions.acts import ACTS as EDITIONS
from toban.engine.notify.acts import ACTS as NOTIFY
from toban.message import Message, plain


def test_an_act_that_nobody_reads_is_a_change_all_the_same() -> None:
    found = facts_of({}, "vault-opened", {})

    assert found is not None
    assert (found.kind, str(found.said)) == (ChangeKind.OTHER, "操作「vault-opened」")


def test_an_entry_without_an_act_is_no_change() -> None:
    assert facts_of({}, act_of({"cleared": "*.log"}), {}) is None


def test_an_act_that_changes_nothing_is_no_change() -> None:
    assert facts_of({"signed-in": unchanged}, "signed-in", {}) is None


@pytest.mark.parametrize("written", ["Web-1", "ＷＥＢ-1", " web-1 "])
def test_subjects_are_the_same_in_any_width_and_case(written: str) -> None:
    assert key_of(written) == "web-1"


def test_a_silence_is_about_what_it_matches() -> None:
    found = NOTIFY["silence"]({"matchers": {"target": "DB", "instance": "db-1"}, "reason": "disk"})

    assert found is not None
    assert (found.kind, found.about, found.note) == (ChangeKind.SILENCE, ("DB", "db-1"), plain("disk"))


def test_an_edition_is_about_its_rows_and_with_other_bindings_about_everything() -> None:
    row = Message("design.row-removed", row="DB").as_json()
    bindings = Message("engine.bindings-changed", file="toban.toml").as_json()
    of_rows = EDITIONS["edition"]({"in_force": "ops.md", "plan": [row], "rows": ["monitoring/monitor/DB"]})
    of_both = EDITIONS["edition"]({"in_force": "ops.md", "plan": [row, bindings], "rows": ["a"]})
    of_bindings = EDITIONS["edition"]({"in_force": "ops.md", "plan": [bindings]})
    tables = Message("engine.tables-changed", file="toban.toml", tables=["[targets.DB]"]).as_json()
    of_one = EDITIONS["edition"]({"in_force": "ops.md", "plan": [tables], "tables": [["targets", "DB"]]})
    of_all = EDITIONS["edition"]({"in_force": "ops.md", "plan": [tables], "tables": [["system", ""]]})

    assert of_rows is not None
    assert of_both is not None
    assert of_bindings is not None
    assert (of_rows.kind, of_rows.about) == (ChangeKind.DOCUMENT, ("monitoring/monitor/DB",))
    assert (of_both.kind, of_both.about, len(of_both.details)) == (ChangeKind.DOCUMENT, (), 2)
    assert (of_bindings.kind, of_bindings.about) == (ChangeKind.SETTINGS, ())
    assert of_one is not None
    assert of_all is not None
    assert (of_one.kind, of_one.about, of_all.about) == (ChangeKind.SETTINGS, ("DB",), ())


@pytest.mark.parametrize(
    "content",
    [{"waits": "ops.md"}, {"refused": "ops.md"}, {"confirmed": "ops.md"}, {"in_force": "ops.md", "plan": []}],
)
def test_what_is_not_in_force_or_is_in_force_again_is_no_change(content: dict[str, object]) -> None:
    assert EDITIONS["edition"](content) is None


def test_an_edition_after_an_unknown_one_is_a_change() -> None:
    found = EDITIONS["edition"]({"in_force": "ops.md", "plan": [], "is_compared": False})

    assert found is not None
    assert found.said.code == "engine.change-in-force"


def test_the_reason_of_a_legal_hold_is_for_those_who_read_the_evidence() -> None:
    found = PARTS.acts["legal-hold"]({"event": "legal-hold", "kind": "application", "reason": "case 7"})

    assert found is not None
    assert "case 7" not in f"{found.said} {found.note}"
