"""`toban drift`: what differs, as text, JSON and diff; the row written, or committed and pushed."""

import json
import subprocess

import pytest
from click.testing import CliRunner, Result
from tests.integration.chapters.release.git_host import GIT, Repository
from tests.integration.engine.drift.conftest import moto, place
from tests.integration.engine.drift.place import ACCESS, DOCUMENT, Place
from tests.registered import PARTS

from toban.design.reader import load_design
from toban.engine.drift import branch as branches
from toban.faces.cli.drift import drift

pytestmark = pytest.mark.django_db
__all__ = ["moto", "place"]

CHANGED = DOCUMENT.replace("CloudWatch Logs | 90日", "CloudWatch Logs | 30日")


@pytest.fixture(autouse=True)
def kept(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drift, "edition_of", lambda _parts: place.edition)
    monkeypatch.setattr(drift, "system_clock", lambda: place.now)


def toban(*arguments: object, answer: str = "") -> Result:
    return CliRunner().invoke(drift.command, [*map(str, arguments)], obj=PARTS, input=answer)


def test_nothing_differs(place: Place) -> None:
    place.look()

    result = toban()

    assert result.exit_code == 0, result.output
    assert result.stdout.count("●") == 4


def test_what_was_never_looked_at_is_not_green() -> None:
    assert toban().exit_code == 4


def test_now_looks_at_every_setting_first(place: Place) -> None:
    place.look()
    place.keep_logs(30)

    assert toban().exit_code == 0
    assert toban("--now").exit_code == 3


def test_a_difference_is_shown_with_both_values_its_place_and_the_diff(place: Place) -> None:
    place.keep_logs(30)
    place.look()

    result = toban()

    assert result.exit_code == 3
    assert "運用設計書.md:11 ログの保存期間: 文書 90日、実際は 30日" in result.stdout
    assert place.group in result.stdout
    assert "+| アクセスログ | HTTPリクエスト | CloudWatch Logs | 30日 |" in result.stdout
    assert place.document.read_text(encoding="utf-8") == DOCUMENT


def test_the_patch_alone_is_one_that_git_applies(place: Place) -> None:
    place.keep_logs(30)
    place.crontab("15 4 * * * /srv/aggregate B001\n")
    place.look()

    result = toban("--patch")
    (place.folder / "x.patch").write_text(result.stdout, encoding="utf-8")
    subprocess.run([GIT, "apply", "x.patch"], cwd=place.folder, check=True)

    assert place.document.read_text(encoding="utf-8") == CHANGED.replace("深夜3:00", "深夜4:15")


def test_json_has_every_setting_and_the_diff(place: Place) -> None:
    place.keep_logs(30)
    place.look()

    told = json.loads(toban("--format", "json").stdout)

    each = next(each for each in told["settings"] if each["clause"] == ACCESS)
    assert (each["state"], each["value"], each["citation"]) == (
        "different",
        "log-retention",
        f"{place.document}:11",
    )
    assert each["real"]["text"] == "30日"
    assert told["diff"].startswith("--- a/運用設計書.md")


@pytest.mark.parametrize("name", [ACCESS, "アクセスログ"])
def test_a_row_is_written_and_then_nothing_differs(place: Place, name: str) -> None:
    place.keep_logs(30)
    place.look()

    result = toban("--apply", name, "--yes")

    assert result.exit_code == 0, result.output
    assert place.document.read_text(encoding="utf-8") == CHANGED
    assert toban().exit_code == 0


def test_only_the_named_row_is_written(place: Place) -> None:
    place.keep_logs(30)
    place.keep_versions(7)
    place.look()

    toban("--apply", "アクセスログ", "--yes")

    assert place.document.read_text(encoding="utf-8") == CHANGED


def test_it_asks_before_it_writes(place: Place) -> None:
    place.keep_logs(30)
    place.look()

    assert toban("--apply", ACCESS, answer="n\n").exit_code == 1
    assert place.document.read_text(encoding="utf-8") == DOCUMENT
    assert toban("--apply", ACCESS, answer="y\n").exit_code == 0
    assert place.document.read_text(encoding="utf-8") == CHANGED


def test_a_file_that_changes_while_it_asks_is_left(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.keep_logs(30)
    place.look()
    other = f"{DOCUMENT}\nsomebody else's words\n"

    def somebody_writes(*_: object, **__: object) -> None:
        place.document.write_text(other, encoding="utf-8")

    monkeypatch.setattr(drift, "confirm", somebody_writes)

    assert toban("--apply", ACCESS).exit_code == 1
    assert place.document.read_text(encoding="utf-8") == other


def test_a_row_that_is_as_reality_is_needs_nothing(place: Place) -> None:
    place.look()

    result = toban("--apply", ACCESS, "--yes")

    assert result.exit_code == 0
    assert place.document.read_text(encoding="utf-8") == DOCUMENT


def test_a_row_of_which_nothing_is_known_is_not_said_to_be_right(place: Place) -> None:
    place.logs.delete_log_group(logGroupName=place.group)
    place.look()

    result = toban("--apply", ACCESS, "--yes")

    assert result.exit_code == 1
    assert place.group in result.stderr


def test_a_file_that_says_it_already_but_is_not_in_force_yet_is_left(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.keep_logs(30)
    place.look()
    in_force = place.edition
    monkeypatch.setattr(drift, "edition_of", lambda _parts: in_force)
    place.document.write_text(CHANGED, encoding="utf-8")

    result = toban("--apply", ACCESS, "--yes")

    assert result.exit_code == 0, result.output
    assert place.document.read_text(encoding="utf-8") == CHANGED


def test_a_name_of_no_row_is_refused_with_those_that_there_are(place: Place) -> None:
    place.look()

    result = toban("--apply", "no-such-row", "--yes")

    assert result.exit_code == 1
    assert ACCESS in result.stderr


def test_what_no_cell_says_is_refused_with_both_values(place: Place) -> None:
    text = DOCUMENT.replace("| エラーログ | エラー詳細 | CloudWatch Logs | 180日 |",
                            "| エラーログ | エラー詳細 | CloudWatch Logs | 〃 |")  # fmt: skip
    place.document.write_text(text, encoding="utf-8")
    place.keep_logs(30)
    place.look()

    result = toban("--apply", ACCESS, "--yes")

    assert result.exit_code == 1
    assert "文書の 90日 を 30日 に手で直すか" in result.stderr
    assert place.document.read_text(encoding="utf-8") == text


@pytest.mark.parametrize("order", [("--branch", "AUTO"), ("--push",)])
def test_a_commit_of_no_row_is_refused_and_not_forgotten(place: Place, order: tuple[str, ...]) -> None:
    place.keep_logs(30)
    place.look()

    result = toban(*order)

    assert result.exit_code == 2
    assert "--apply" in result.stderr


@pytest.fixture
def tracked(place: Place) -> Repository:
    """The document in the work tree of a repository, below a folder, and a remote that takes pushes."""
    repository = Repository.make(place.folder)
    below = repository.work / "docs"
    below.mkdir()
    place.document.rename(below / place.document.name)
    place.folder.joinpath(place.document.name).symlink_to(below / place.document.name)
    (repository.work / "README").write_text("other\n")
    repository.git("add", ".")
    repository.git("commit", "--quiet", "--message", "all")
    return repository


def test_a_commit_on_a_branch_leaves_file_index_and_branch_as_they_are(
    place: Place, tracked: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(branches, "_of_git", {"user.name": "Aki", "user.email": "aki@example.com"}.get)
    place.keep_logs(30)
    place.look()
    file = tracked.work / "docs" / place.document.name
    (tracked.work / "README").write_text("not committed\n")
    hook = tracked.work / ".git/hooks/reference-transaction"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\ntouch ran\n")
    hook.chmod(0o755)
    before = tracked.git("rev-parse", "HEAD").strip()

    result = toban("--apply", ACCESS, "--yes", "--branch", "drift", "--document", file)

    assert result.exit_code == 0, result.output
    assert file.read_text(encoding="utf-8") == DOCUMENT
    assert tracked.git("rev-parse", "HEAD").strip() == before
    assert tracked.git("status", "--porcelain").strip() == "M README"
    assert tracked.git("rev-parse", "drift^").strip() == before
    assert len(tracked.git("diff", "--name-only", "HEAD", "drift", "--").splitlines()) == 1
    assert tracked.git("show", f"drift:docs/{file.name}") == CHANGED.strip()
    assert tracked.git("log", "-1", "--format=%an <%ae>", "drift").strip() == "Aki <aki@example.com>"
    assert "文書 90日、実際は 30日" in tracked.git("log", "-1", "--format=%B", "drift")
    assert not list(tracked.work.rglob("ran"))
    tracked.git("fsck", "--strict")


def test_a_branch_that_is_there_is_not_overwritten(place: Place, tracked: Repository) -> None:
    place.keep_logs(30)
    place.look()
    file = tracked.work / "docs" / place.document.name
    tracked.git("branch", "drift")
    before = tracked.git("rev-parse", "drift")

    assert toban("--apply", ACCESS, "--yes", "--branch", "drift", "--document", file).exit_code == 1
    assert tracked.git("rev-parse", "drift") == before


def test_a_file_that_is_not_as_committed_makes_no_commit(place: Place, tracked: Repository) -> None:
    place.keep_logs(30)
    place.look()
    file = tracked.work / "docs" / place.document.name
    file.write_text(f"{DOCUMENT}\n", encoding="utf-8")

    result = toban("--apply", ACCESS, "--yes", "--branch", "drift", "--document", file)

    assert result.exit_code == 1
    assert tracked.git("branch", "--list", "drift") == ""


def test_a_branch_is_pushed_where_the_bindings_say_and_nowhere_else(
    place: Place, tracked: Repository
) -> None:
    place.keep_logs(30)
    place.look()
    file = tracked.work / "docs" / place.document.name
    asked = ["--apply", ACCESS, "--yes", "--branch", "AUTO", "--push", "--document", file]

    assert toban(*asked).exit_code == 1
    assert tracked.git("branch", "--list", "toban/*") == ""
    place.more = f'[drift]\nremote = "{tracked.bare}"\n'
    result = toban(*asked)

    assert result.exit_code == 0, result.output
    (name,) = tracked.git("branch", "--list", "toban/*").split()
    assert tracked.git("show", f"{name}:docs/{file.name}", at=tracked.bare) == CHANGED.strip()


def test_without_a_work_tree_there_is_no_commit(place: Place) -> None:
    place.keep_logs(30)
    place.look()

    result = toban("--apply", ACCESS, "--yes", "--branch", "drift")

    assert result.exit_code == 1
    assert load_design(place.document).digest == place.edition.design.digest
