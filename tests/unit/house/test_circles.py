"""No file imports one that imports it: each can be read, tested and moved with the files it imports."""

from graphlib import CycleError, TopologicalSorter


def test_no_files_import_each_other_in_a_circle(imports: dict[str, set[str]]) -> None:
    circle = _circle(imports)

    assert len(imports) > 500
    assert not circle, "a circle of imports:\n" + "\n→ ".join(circle)


def test_a_circle_is_listed_from_importer_to_imported() -> None:
    circle = _circle({"z": {"a"}, "a": {"b"}, "b": {"c"}, "c": {"a"}})

    assert "".join(circle) in ("abca", "bcab", "cabc")
    assert _circle({"a": {"b"}, "b": {"c"}}) == []


def _circle(imports: dict[str, set[str]]) -> list[str]:
    """Return the modules of a circle, each imported by the one before it; empty if there is none."""
    try:
        # The sorter lists a circle from imported to importer.
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        return list(reversed(error.args[1]))
    return []
