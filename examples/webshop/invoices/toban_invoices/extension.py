"""What the package brings: a kind of batch, and the Django app with its tables."""

from toban.engine.extension import Extension

EXTENSION = Extension(
    name="invoices",
    manual="README.md",
    kinds={"batches": {"invoices": "toban_invoices.kind"}},
    apps=("toban_invoices",),
)
