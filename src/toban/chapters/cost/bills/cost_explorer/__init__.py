"""AWS's Cost Explorer, asked for its days."""

from toban.chapters.cost.bill import BillKind, BillSource
from toban.chapters.cost.bills.cost_explorer.config import CostExplorerBill


def _open(config: CostExplorerBill) -> BillSource:
    # Loads AWS's library, which code that only reads the bindings need not wait for.
    from toban.chapters.cost.bills.cost_explorer.source import CostExplorer  # noqa: PLC0415

    return CostExplorer(config)


KIND = BillKind(CostExplorerBill, _open)
