"""The version in force while its files change."""

from pathlib import Path

import pytest
from tests.registered import schema

from toban.engine.bindings.secret import Secret
from toban.engine.bindings.section import Section
from toban.engine.editions.edition import Edition, EditionRefusal
from toban.engine.editions.inforce import EditionInForce

DESIGN = """\
# 運用設計書

## 監視

| 対象 | 監視項目 | 正常範囲 | 警告 | 異常 | 監視間隔 |
|---|---|---|---|---|---|
| Webサーバー | CPU使用率 | 0-60% | 70% | 85% | 1分 |
"""


@pytest.fixture
def design(tmp_path: Path) -> Path:
    path = tmp_path / "運用設計書.md"
    path.write_text(DESIGN)
    return path


@pytest.fixture
def bindings(tmp_path: Path) -> Path:
    path = tmp_path / "toban.toml"
    path.write_text('[system]\nname = "店"\n')
    return path


def watch(design: Path, bindings: Path) -> EditionInForce:
    return EditionInForce(design, bindings, schema())


def test_the_first_look_puts_the_existing_files_in_force(design: Path, bindings: Path) -> None:
    inforce = watch(design, bindings)

    news = inforce.refresh()

    assert isinstance(news, Edition)
    assert inforce.edition is news
    assert news.bindings.system.name == "店"
    assert inforce.refresh() is None


def test_a_changed_document_is_in_force_once_it_stops_changing(design: Path, bindings: Path) -> None:
    inforce = watch(design, bindings)
    inforce.refresh()
    design.write_text(DESIGN.replace("85%", "90%"))

    first, second, third = inforce.refresh(), inforce.refresh(), inforce.refresh()

    assert first is None
    assert isinstance(second, Edition)
    assert third is None


def test_a_file_truncated_and_rewritten_is_never_seen_empty(design: Path, bindings: Path) -> None:
    inforce = watch(design, bindings)
    inforce.refresh()
    design.write_text("")
    assert inforce.refresh() is None
    design.write_text(DESIGN)

    assert (inforce.refresh(), inforce.refresh()) == (None, None)
    assert inforce.refusal is None


def test_touching_a_file_is_not_a_change(design: Path, bindings: Path) -> None:
    inforce = watch(design, bindings)
    inforce.refresh()
    design.write_text(DESIGN)

    assert (inforce.refresh(), inforce.refresh()) == (None, None)


def test_an_unreadable_version_leaves_the_old_one_in_force_and_is_reported_once(
    design: Path, bindings: Path
) -> None:
    inforce = watch(design, bindings)
    old = inforce.refresh()
    bindings.write_text('[sytem]\nname = "店"\n')

    news = [inforce.refresh() for _ in range(4)]

    refusals = [each for each in news if each is not None]
    assert len(refusals) == 1
    assert isinstance(refusals[0], EditionRefusal)
    assert "BD002" in str(refusals[0].reason)
    assert inforce.edition is old
    assert inforce.refusal is refusals[0]


def test_correcting_the_version_clears_the_refusal(design: Path, bindings: Path) -> None:
    inforce = watch(design, bindings)
    inforce.refresh()
    bindings.write_text("[sytem]\n")
    inforce.refresh()
    inforce.refresh()
    bindings.write_text('[system]\nname = "本店"\n')

    inforce.refresh()
    news = inforce.refresh()

    assert isinstance(news, Edition)
    assert inforce.refusal is None


def test_a_missing_document_is_a_refusal_and_nothing_is_in_force_until_it_exists(
    tmp_path: Path, bindings: Path
) -> None:
    missing = tmp_path / "later.md"
    inforce = watch(missing, bindings)

    assert isinstance(inforce.refresh(), EditionRefusal)
    assert inforce.edition is None
    missing.write_text(DESIGN)
    assert isinstance(inforce.refresh(), Edition)


def test_without_bindings_nothing_is_bound_until_they_exist(design: Path, tmp_path: Path) -> None:
    later = tmp_path / "later.toml"
    inforce = watch(design, later)

    news = inforce.refresh()
    assert isinstance(news, Edition)
    assert news.bindings.targets == {}

    later.write_text('[system]\nname = "店"\n')
    inforce.refresh()
    news = inforce.refresh()
    assert isinstance(news, Edition)
    assert news.bindings.system.name == "店"


def test_deleting_bindings_in_force_is_a_refusal(design: Path, bindings: Path) -> None:
    inforce = watch(design, bindings)
    old = inforce.refresh()
    bindings.unlink()

    inforce.refresh()

    assert isinstance(inforce.refresh(), EditionRefusal)
    assert inforce.edition is old


def test_a_process_started_with_an_unreadable_document_uses_the_last_readable_one(
    design: Path, bindings: Path, tmp_path: Path
) -> None:
    kept = tmp_path / "kept"
    before = EditionInForce(design, bindings, schema(), kept=kept).refresh()
    design.write_text("")

    restarted = EditionInForce(design, bindings, schema(), kept=kept)
    news = restarted.refresh()

    assert isinstance(news, EditionRefusal)
    assert isinstance(before, Edition)
    assert restarted.edition is not None
    assert restarted.edition.design.clauses == before.design.clauses
    assert restarted.edition.bindings.system.name == "店"


class Sealed(Section):
    """A channel with a secret."""

    token: Secret


def test_relative_files_in_the_copies_are_resolved_next_to_the_original_bindings(
    design: Path, bindings: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kinds, kept = schema(channels={"sealed": Sealed}), tmp_path / "kept"
    bindings.write_text('[channels.ops]\nkind = "sealed"\ntoken = "file:token"\n')
    (tmp_path / "token").write_text("hush")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    EditionInForce(Path(design.name), Path(bindings.name), kinds, kept=kept).refresh()
    monkeypatch.chdir(tmp_path / "elsewhere")

    found = EditionInForce(Path(design.name), Path(bindings.name), kinds, kept=kept).last_kept()

    assert found is not None
    config = found.bindings.channels["ops"].config
    assert isinstance(config, Sealed)
    assert config.token.reveal() == "hush"
    assert found.bindings.folder == tmp_path
    assert found.bindings.file == "toban.toml"


def test_copies_from_an_earlier_version_resolve_files_next_to_the_originals(
    design: Path, bindings: Path, tmp_path: Path
) -> None:
    kept = tmp_path / "kept"
    EditionInForce(design, bindings, schema(), kept=kept).refresh()
    (kept / "folder").unlink()

    found = EditionInForce(design, bindings, schema(), kept=kept).last_kept()

    assert found is not None
    assert found.bindings.folder == tmp_path


def test_a_corrected_document_replaces_the_stored_copy(design: Path, bindings: Path, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    EditionInForce(design, bindings, schema(), kept=kept).refresh()
    design.write_text("")
    restarted = EditionInForce(design, bindings, schema(), kept=kept)
    restarted.refresh()
    design.write_text(DESIGN.replace("85%", "90%"))

    restarted.refresh()

    assert isinstance(restarted.refresh(), Edition)
    assert "90%" in (kept / "design.md").read_text()


def test_an_unwritable_copy_folder_does_not_prevent_a_version_from_being_in_force(
    design: Path, bindings: Path, tmp_path: Path
) -> None:
    (tmp_path / "kept").write_text("a file where the folder should be")

    news = EditionInForce(design, bindings, schema(), kept=tmp_path / "kept").refresh()

    assert isinstance(news, Edition)
