"""No file needs another that needs it: each can be read, tested and moved with what stands below it."""

from graphlib import CycleError, TopologicalSorter

import grimp


def test_no_files_import_each_other_in_a_circle() -> None:
    """Imports inside functions and those for types alone count too."""
    graph = grimp.build_graph("toban", "toban_invoices", cache_dir=None)
    imports = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}

    circle = _circle(imports)

    assert len(imports) > 500
    assert not circle, "a circle of imports:\n" + "\n→ ".join(circle)


def test_a_circle_goes_from_who_imports_to_what_is_imported() -> None:
    circle = _circle({"z": {"a"}, "a": {"b"}, "b": {"c"}, "c": {"a"}})

    assert "".join(circle) in ("abca", "bcab", "cabc")
    assert _circle({"a": {"b"}, "b": {"c"}}) == []


def _circle(imports: dict[str, set[str]]) -> list[str]:
    """Return the modules of a circle, each imported by the one before it; nothing where there is none."""
    try:
        # The sorter goes from what is needed to who needs it.
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        return list(reversed(error.args[1]))
    return []
