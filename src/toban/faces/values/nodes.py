"""The nodes as values, for the terminal and the API."""

from collections.abc import Sequence
from datetime import datetime

from toban.engine.nodes.rules import Node, NodeFinding


def node_values(node: Node, now: datetime) -> dict[str, object]:
    """Return a node as JSON values."""
    document, bindings = node.edition
    return {
        "name": node.name,
        "host": node.host,
        "program": node.program,
        "pid": node.pid,
        "version": node.version,
        "key": node.key,
        "clock_ahead_seconds": node.ahead_seconds,
        "document_digest": document,
        "bindings_digest": bindings,
        "is_left_behind": node.is_left_behind,
        "began_at": node.began_at.isoformat(),
        "seen_at": node.seen_at.isoformat(),
        "is_gone": node.is_gone(now),
    }


def finding_values(found: Sequence[NodeFinding]) -> list[dict[str, object]]:
    """Return what is wrong with the nodes as JSON values."""
    return [
        {
            "trouble": each.trouble,
            "node": each.node,
            "text": each.said.as_output(),
            "hint": each.hint.as_output() if each.hint else None,
        }
        for each in found
    ]
