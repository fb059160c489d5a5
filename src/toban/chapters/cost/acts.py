"""What the evidence records of costs. Pure."""

from collections.abc import Mapping

from toban.engine.changes.act import ActReader, unchanged

ACTS: Mapping[str, ActReader] = {
    "costs-taken": unchanged,
    "costs-checked": unchanged,
    "off-hours-lowered": unchanged,
}
"""A bill that says something new changes nothing of the system; that a group is smaller says its scaling."""
