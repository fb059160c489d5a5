"""Documents that Toban writes itself into a folder, and the rows that they keep."""

import shutil
import subprocess

from tests.integration.chapters.documents.place import (
    BINDINGS,
    DAY,
    DOCUMENT,
    HOUR,
    RULE,
    RUNBOOK,
    Place,
)
from tests.registered import PARTS

from toban.chapters.documents.models import DocumentCopy
from toban.chapters.documents.written.exporting import export
from toban.engine.assumptions.taken import taken
from toban.engine.evidence.models import LedgerEntry
from toban.engine.evidence.verdict import Verdict
from toban.engine.runs.models import Run
from toban.engine.runs.rules import RunReason

WRITTEN = """
[people."運用責任者"]
account = "sato"

[documents."障害対応手順書"]
kind = "written"
writes = "incidents"
folder = "out"
"""
FILE = "incidents.md"
GIT = shutil.which("git") or "git"


def exported(place: Place) -> None:
    export(place.plan, place.edition, PARTS, place.now)
    place.look()
    place.tell()


def written(place: Place, bindings: str = WRITTEN) -> None:
    (place.folder / "out").mkdir(exist_ok=True)
    place.take(bindings=bindings)
    exported(place)


def entries() -> list[LedgerEntry]:
    return list(LedgerEntry.objects.filter(content__event="document-written").order_by("sequence"))


def test_a_document_is_written_and_its_row_conforms_by_it(place: Place) -> None:
    written(place)

    text = (place.folder / "out" / FILE).read_text()
    assert text.startswith("# 障害対応手順書\n")
    assert place.verdict() is Verdict.CONFORMING
    assert "最後に更新したのは Toban" in place.said()
    (entry,) = entries()
    assert entry.clause_id == RUNBOOK
    assert list(entry.content["files"]) == [FILE]
    assert entry.content["version"].startswith(place.edition.design.digest[:12])


def test_each_change_is_followed_by_the_export_and_by_nobody_else(place: Place) -> None:
    written(place)
    place.change()
    place.now += HOUR
    exported(place)
    assert place.tasks() == []
    assert len(entries()) == 1

    changed = DOCUMENT.replace("平日9:00-18:00", "平日10:00-19:00")
    place.take(changed, WRITTEN)
    exported(place)

    assert [each.content["version"] for each in entries()][1].startswith(place.edition.design.digest[:12])
    assert (place.verdict(), place.verdict(RULE)) == (Verdict.CONFORMING, Verdict.CONFORMING)
    assert not LedgerEntry.objects.filter(content__event="document-updated").exists()


def test_what_is_the_same_is_neither_written_nor_noted_again(place: Place) -> None:
    written(place)
    before = (place.folder / "out" / FILE).stat()
    looked = DocumentCopy.objects.get().looked_at
    place.now += HOUR / 2
    exported(place)

    assert (place.folder / "out" / FILE).stat().st_ino == before.st_ino
    assert DocumentCopy.objects.get().looked_at == looked

    place.now += HOUR / 2
    exported(place)
    assert DocumentCopy.objects.get().looked_at == place.now
    assert len(entries()) == 1


def test_a_file_that_somebody_edited_stays_and_its_row_says_so(place: Place) -> None:
    written(place)
    file = place.folder / "out" / FILE
    file.write_text(file.read_text().replace("障害対応手順書", "うちの手順書", 1))
    place.take(DOCUMENT.replace("佐藤", "鈴木"), WRITTEN)
    exported(place)

    assert file.read_text().startswith("# うちの手順書")
    assert place.verdict() is Verdict.DEVIATING
    assert "上書きしませんでした" in place.said()

    file.unlink()
    exported(place)
    assert place.verdict() is Verdict.CONFORMING
    assert len(entries()) == 2


def test_a_folder_that_is_gone_deviates_and_is_written_once_it_is_back(place: Place) -> None:
    place.take(bindings=WRITTEN)
    exported(place)
    assert place.verdict() is Verdict.DEVIATING
    assert "out に書けません" in place.said()

    (place.folder / "out").mkdir()
    exported(place)
    assert place.verdict() is Verdict.CONFORMING


def test_a_copy_elsewhere_does_not_hide_that_the_export_fails(place: Place) -> None:
    copy = BINDINGS.partition('[documents."障害対応手順書"]')[2].partition("[documents.FAQ]")[0]
    place.take(bindings=WRITTEN + '[documents."写し"]\ndocument = "障害対応手順書"' + copy)
    exported(place)

    assert place.verdict() is Verdict.DEVIATING


def test_a_git_working_tree_shows_the_change_as_its_own(place: Place) -> None:
    (place.folder / "out").mkdir()
    subprocess.run([GIT, "init", "-q", str(place.folder / "out")], check=True)
    written(place)

    shown = subprocess.run(
        [GIT, "-C", str(place.folder / "out"), "status", "--porcelain"], check=True, capture_output=True
    )
    assert shown.stdout == b"?? incidents.md\n"


def test_a_document_that_is_renewed_at_times_is_renewed_by_each_look(place: Place) -> None:
    monthly = DOCUMENT.replace("障害対応手順書 | 変更時", "障害対応手順書 | 毎月1日")
    (place.folder / "out").mkdir()
    place.take(monthly, WRITTEN)
    exported(place)
    place.now += 100 * DAY
    exported(place)

    assert place.verdict() is Verdict.CONFORMING


def test_what_was_owed_is_withdrawn_once_toban_writes_it(place: Place) -> None:
    place.pass_()
    place.change()
    place.pass_(HOUR)
    assert len(place.tasks()) == 1

    written(place)

    assert Run.objects.get().reason == RunReason.WITHDRAWN
    assert place.verdict() is Verdict.CONFORMING


def test_nothing_is_assumed_about_what_toban_writes(place: Place) -> None:
    def said(bindings: str) -> list[str]:
        place.take(bindings=bindings)
        return [each.said.code for each in taken(place.edition.design, place.edition.bindings, PARTS.schema)]

    assert "documents.assumed-about" in said(BINDINGS.replace('about = ["release", "web-1"]', ""))
    assert "documents.assumed-about" not in said(WRITTEN)
