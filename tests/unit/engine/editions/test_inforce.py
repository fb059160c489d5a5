"""The version in force while its files change."""

import stat
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.registered import schema

from toban.engine.bindings.secret import Secret
from toban.engine.bindings.section import Section
from toban.engine.bindings.table import Schema
from toban.engine.editions.edition import Edition, EditionFiles, EditionRefusal, Hold
from toban.engine.editions.inforce import EditionInForce
from toban.message import plain

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


def kept_edition(design: Path, bindings: Path, kept: Path, of: Schema | None = None) -> Edition:
    """Put the files in force, as a worker that ends then, and return the edition."""
    running = EditionInForce(design, bindings, of or schema(), kept=kept)
    news = running.refresh()
    assert isinstance(news, Edition)
    running.keep()
    return news


@dataclass
class Person:
    """A review that wants every new version confirmed, by their answer."""

    confirms: bool = False

    def is_confirmed(self, _edition: Edition) -> bool:
        return self.confirms

    def hold(self, former: Edition | None, _edition: Edition, _files: EditionFiles) -> Hold | None:
        return Hold(plain("confirm this")) if former is not None else None


def test_copies_of_the_version_in_force_are_for_the_account_alone(
    design: Path, bindings: Path, tmp_path: Path
) -> None:
    kept_edition(design, bindings, tmp_path / "kept")

    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "kept").iterdir()}
    assert len(modes) == 3
    assert set(modes.values()) == {0o600}


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
    before = kept_edition(design, bindings, kept)
    design.write_text("")

    restarted = EditionInForce(design, bindings, schema(), kept=kept)
    news = restarted.refresh()

    assert isinstance(news, EditionRefusal)
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
    kept_edition(Path(design.name), Path(bindings.name), kept, kinds)
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
    kept_edition(design, bindings, kept)
    (kept / "folder").unlink()

    found = EditionInForce(design, bindings, schema(), kept=kept).last_kept()

    assert found is not None
    assert found.bindings.folder == tmp_path


def test_a_corrected_document_replaces_the_stored_copy(design: Path, bindings: Path, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept_edition(design, bindings, kept)
    design.write_text("")
    restarted = EditionInForce(design, bindings, schema(), kept=kept)
    restarted.refresh()
    design.write_text(DESIGN.replace("85%", "90%"))

    restarted.refresh()

    assert isinstance(restarted.refresh(), Edition)
    restarted.keep()
    assert "90%" in (kept / "design.md").read_text()


def test_an_unwritable_copy_folder_does_not_prevent_a_version_from_being_in_force(
    design: Path, bindings: Path, tmp_path: Path
) -> None:
    (tmp_path / "kept").write_text("a file where the folder should be")

    inforce = EditionInForce(design, bindings, schema(), kept=tmp_path / "kept")
    news = inforce.refresh()
    inforce.keep()

    assert isinstance(news, Edition)
    assert inforce.edition is news


def reviewed(design: Path, bindings: Path, kept: Path, person: Person) -> EditionInForce:
    return EditionInForce(design, bindings, schema(), kept=kept, review=person)


def test_a_first_start_has_nothing_to_confirm(design: Path, bindings: Path, tmp_path: Path) -> None:
    assert isinstance(reviewed(design, bindings, tmp_path / "kept", Person()).refresh(), Edition)


def test_a_version_waits_until_it_is_confirmed_and_the_former_one_stays_in_force(
    design: Path, bindings: Path, tmp_path: Path
) -> None:
    person = Person()
    inforce = reviewed(design, bindings, tmp_path / "kept", person)
    old = inforce.refresh()
    design.write_text(DESIGN.replace("CPU使用率", "メモリ使用率"))

    news = [inforce.refresh() for _ in range(4)]

    (waits,) = (each for each in news if each is not None)
    assert isinstance(waits, EditionRefusal)
    assert waits.awaits is not None
    assert str(waits.reason) == "confirm this"
    assert (inforce.edition, inforce.refusal) == (old, waits)

    person.confirms = True
    assert inforce.refresh() is waits.awaits
    assert (inforce.edition, inforce.refusal) == (waits.awaits, None)
    assert inforce.refresh() is None


def test_a_waiting_version_that_is_taken_back_no_longer_waits(
    design: Path, bindings: Path, tmp_path: Path
) -> None:
    inforce = reviewed(design, bindings, tmp_path / "kept", Person())
    old = inforce.refresh()
    design.write_text(DESIGN.replace("CPU使用率", "メモリ使用率"))
    inforce.refresh()
    inforce.refresh()
    design.write_text(DESIGN)

    assert (inforce.refresh(), inforce.refresh(), inforce.refresh()) == (None, old, None)
    assert inforce.refusal is None


def test_a_restart_does_not_bypass_the_confirmation(design: Path, bindings: Path, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    before = kept_edition(design, bindings, kept)
    design.write_text(DESIGN.replace("CPU使用率", "メモリ使用率"))

    restarted = reviewed(design, bindings, kept, Person())
    news = restarted.refresh()

    assert isinstance(news, EditionRefusal)
    assert restarted.edition is not None
    assert restarted.edition.digests == before.digests
    restarted.keep()
    assert "CPU使用率" in (kept / "design.md").read_text()


def test_bindings_deleted_before_a_restart_wait_too(design: Path, bindings: Path, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept_edition(design, bindings, kept)
    bindings.unlink()

    restarted = reviewed(design, bindings, kept, Person())

    assert isinstance(restarted.refresh(), EditionRefusal)
    assert restarted.edition is not None
    assert restarted.edition.bindings.system.name == "店"


def test_a_review_that_fails_is_asked_again(design: Path, bindings: Path, tmp_path: Path) -> None:
    class Away(Person):
        """Their answers are in a database that is away."""

        is_away = True

        def is_confirmed(self, edition: Edition) -> bool:
            if self.is_away:
                raise ConnectionError
            return super().is_confirmed(edition)

    person = Away()
    kept_edition(design, bindings, tmp_path / "kept")
    design.write_text(DESIGN.replace("CPU使用率", "メモリ使用率"))
    inforce = reviewed(design, bindings, tmp_path / "kept", person)
    with pytest.raises(ConnectionError):
        inforce.refresh()

    person.is_away = False

    assert isinstance(inforce.refresh(), EditionRefusal)
