"""The processes that share the state, by the API."""

from typing import Any

from django.http import HttpRequest
from ninja import Schema

from toban.engine.clock import system_clock
from toban.engine.nodes.models import all_nodes
from toban.engine.nodes.rules import NodeTrouble, findings
from toban.faces.api.router import ScopedRouter
from toban.faces.api.values import Said
from toban.faces.values.nodes import finding_values, node_values

router = ScopedRouter()


class ShownNode(Schema):
    """A process of Toban, as it last described itself."""

    name: str
    host: str
    program: str
    pid: int
    version: str
    key: str
    """The fingerprint of its secret key; empty without one."""
    clock_ahead_seconds: float | None
    """How far its clock is from the database's; negative if behind, null on SQLite."""
    document_digest: str
    bindings_digest: str
    is_left_behind: bool
    """Whether its own files are not those of the version in force, which it follows."""
    began_at: str
    seen_at: str
    is_gone: bool


class ShownNodeFinding(Schema):
    """Something that is wrong with a node, or between several."""

    trouble: NodeTrouble
    node: str
    """Empty if it is about several."""
    text: Said
    hint: Said | None


class ShownNodes(Schema):
    """All processes, and what is wrong with them."""

    nodes: list[ShownNode]
    findings: list[ShownNodeFinding]


@router.read("/nodes", "read:status", ShownNodes)
def nodes(request: HttpRequest) -> Any:
    """List the workers and servers that share the state, and what is wrong with them."""
    del request
    now, found = system_clock(), all_nodes()
    return {
        "nodes": [node_values(each, now) for each in found],
        "findings": finding_values(findings(found, now)),
    }
