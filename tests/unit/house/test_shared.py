"""Code shared by all chapters names none of them: it asks the extensions. See `Extension`."""

from collections.abc import Iterable, Iterator

SHARED = (
    *("toban.engine", "toban.settings", "toban.faces.serve", "toban.faces.api", "toban.faces.cli"),
    *("toban.faces.document", "toban.faces.ingest", "toban.faces.values", "toban.faces.web"),
)
"""Including everything below them, except the faces of chapters."""


def test_code_shared_by_chapters_names_no_chapter(imports: dict[str, set[str]]) -> None:
    assert dict(_chapters_known(imports)) == {}


def test_a_chapter_is_recognised_by_its_folder_and_by_its_faces() -> None:
    shared = "toban.faces.cli.document.why"
    chapters = {"toban.chapters.batch", "toban.chapters.batch.works"}
    faces = {"toban.faces.cli.batch.why_batch", "toban.faces.web.batch", "toban.faces.cli.batches"}
    imports = {shared: {*chapters, *faces}, "toban.faces.web.batch": chapters, "toban.chapters.batch": set()}

    known = dict(_chapters_known(imports))

    assert known == {shared: {*chapters, "toban.faces.cli.batch.why_batch", "toban.faces.web.batch"}}


def _chapters_known(imports: dict[str, set[str]]) -> Iterator[tuple[str, set[str]]]:
    chapters = {module.split(".")[2] for module in imports if module.startswith("toban.chapters.")}
    for module, imported in imports.items():
        known = set(_of_chapters(imported, chapters))
        if (
            known
            and f"{module}.".startswith(tuple(f"{each}." for each in SHARED))
            and not _is_face(module, chapters)
        ):
            yield module, known


def _of_chapters(modules: Iterable[str], chapters: set[str]) -> Iterator[str]:
    for module in modules:
        if module.startswith("toban.chapters.") or _is_face(module, chapters):
            yield module


def _is_face(module: str, chapters: set[str]) -> bool:
    """Return whether *module* is a chapter's own face, like `toban.faces.web.backup.pages`."""
    return module.startswith("toban.faces.") and not chapters.isdisjoint(module.split(".")[3:4])
