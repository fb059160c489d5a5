"""The imports of every module of Toban and of the invoices; read once for all tests of this folder."""

import inspect

import grimp
import pytest
from tests.unit.house.test_help import commands, texts


@pytest.fixture(scope="session")
def imports() -> dict[str, set[str]]:
    """Each module, with its direct imports; imports inside functions and for types count too."""
    graph = grimp.build_graph("toban", "toban_invoices", cache_dir=None)
    return {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}


@pytest.fixture(scope="session")
def english_help() -> tuple[tuple[str, str], ...]:
    """Every text of the commands' help as it stands beside them, with the command's name."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("toban.catalogue._active", lambda: "en")
        return tuple(
            (name, inspect.cleandoc(text)) for name, command in commands() for text in texts(command)
        )
