"""What every module of Toban and of the invoices imports; read once for all tests of the house."""

import grimp
import pytest


@pytest.fixture(scope="session")
def imports() -> dict[str, set[str]]:
    """Each module, and what it imports directly; imports inside functions and for types alone count too."""
    graph = grimp.build_graph("toban", "toban_invoices", cache_dir=None)
    return {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
