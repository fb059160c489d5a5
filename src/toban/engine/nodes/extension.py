"""The nodes extension: the processes that share one state database."""

from toban.engine.extension import Extension, Link
from toban.engine.nodes.acts import ACTS
from toban.message import Message

EXTENSION = Extension(
    name="nodes",
    manual="operations.md",
    operation="toban.engine.nodes.operation",
    apps=("toban.engine.nodes",),
    acts=ACTS,
    pages="toban.faces.web.nodes.urls",
    folded=(Link("nodes", Message("nodes.nodes")),),
    api="toban.faces.api.nodes.routes",
)
