"""`toban documents`: where each is, and which a change touches."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.integration.chapters.documents.place import HOUR, TOKEN, Place, serving
from tests.registered import PARTS

from toban.faces.cli.documents import documents, write


@pytest.fixture
def place(tmp_path: Path, db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    monkeypatch.setenv("WIKI_TOKEN", TOKEN)
    with serving() as wiki:
        found = Place(tmp_path, wiki)
        for module in (documents, write):
            monkeypatch.setattr(module, "edition_of", lambda _parts: found.edition)
        yield found


def toban(*arguments: str) -> Result:
    done = CliRunner().invoke(documents.command, arguments, obj=PARTS)
    assert done.exit_code == 0, done.output
    return done


def test_each_document_says_where_it_is_and_what_it_does_not_follow(place: Place) -> None:
    place.pass_()
    place.change()
    place.pass_(HOUR)

    first, about, pending, second, *_ = toban().output.splitlines()

    assert first.startswith("障害対応手順書  障害対応手順書  最終更新 ")
    assert about.strip() == "関わるもの: release、web-1"
    assert pending.strip().startswith("◆ shop 1.1.0: 期限 ")
    assert second.startswith("FAQ  FAQ  最終更新 ")


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        ((), ["障害対応手順書", "FAQ"]),
        (("--kind", "release"), ["障害対応手順書"]),
        (("--about", "web-1"), ["障害対応手順書"]),
        (("--about", "db-1"), []),
        (("--kind", "scaling"), []),
    ],
)
def test_a_change_is_asked_which_documents_it_touches(
    place: Place, arguments: tuple[str, ...], names: list[str]
) -> None:
    place.pass_()

    found = json.loads(toban(*arguments, "--format", "json").output)

    assert [each["name"] for each in found] == names


def test_words_that_are_the_name_of_nothing_are_said(place: Place) -> None:
    place.pass_()

    assert (
        toban().output.splitlines()[-1] == "▲ 障害対応手順書: about に、何の名前でもない語があります: web-1"
    )


def test_written_documents_go_to_the_terminal_or_into_a_folder(place: Place, tmp_path: Path) -> None:
    assert toban("write", "contacts").output.startswith("# 連絡先一覧\n")
    out = tmp_path / "written"
    out.mkdir()

    said = toban("write", "--output", str(out)).output

    assert sorted(each.name for each in out.iterdir()) == [
        "contacts.md",
        "diagram.md",
        "diagram.svg",
        "incidents.md",
        "procedures.md",
    ]
    assert said.count("書きました: ") == 5
    assert toban("write", "--output", str(out)).output.count("変更なし: ") == 5


def test_the_command_overwrites_nothing_of_a_person_and_goes_on(place: Place, tmp_path: Path) -> None:
    (tmp_path / "contacts.md").write_text("mine")

    done = CliRunner().invoke(documents.command, ["write", "--output", str(tmp_path)], obj=PARTS)

    assert done.exit_code == 1
    assert "上書きしませんでした" in done.stderr
    assert (tmp_path / "contacts.md").read_text() == "mine"
    assert (tmp_path / "procedures.md").exists()
