"""The imports of every module of Toban and of the invoices; read once for all tests of this folder."""

import grimp
import pytest


@pytest.fixture(scope="session")
def imports() -> dict[str, set[str]]:
    """Each module, with its direct imports; imports inside functions and for types count too."""
    graph = grimp.build_graph("toban", "toban_invoices", cache_dir=None)
    return {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
