"""The packages of a Python environment, as its installer noted them. PEP 376, PEP 566."""

import sys
from datetime import datetime
from importlib.metadata import distributions
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator

from toban.chapters.vulnerabilities.bindings import InventoryBinding
from toban.chapters.vulnerabilities.inventory import InventoryKind, InventoryUnknown
from toban.chapters.vulnerabilities.package import Inventory, Package
from toban.engine.bindings.section import beside_the_bindings
from toban.message import Message


class PythonInventory(InventoryBinding):
    """`kind = "python"`: the packages of a virtual environment on this host."""

    path: Annotated[Path, AfterValidator(beside_the_bindings)] = Path(sys.prefix)
    """The environment's folder, or its `site-packages`; by default the one that Toban itself runs in."""


class PythonSource:
    """One environment."""

    def __init__(self, config: PythonInventory) -> None:
        self._path = config.path

    def read(self, now: datetime) -> Inventory:
        """See `InventorySource`."""
        folders = [str(each) for each in (*self._path.glob("lib/python*/site-packages"), self._path)]
        named = ((each.metadata["Name"], each.version) for each in distributions(path=folders))
        found = {Package("PyPI", name, version) for name, version in named if name and version}
        if not found:
            said = Message("vulnerabilities.no-environment", folder=self._path)
            raise InventoryUnknown((said, Message("vulnerabilities.name-the-environment")))
        return Inventory(tuple(sorted(found)), now)


KIND = InventoryKind(PythonInventory, PythonSource)
