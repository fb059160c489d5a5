"""What reality has of the values that a row states."""

from toban.design.clauses.base import Clause
from toban.engine.clock import system_clock
from toban.engine.drift.found import found_settings
from toban.faces.web.drift.drift import proposal, shown_settings
from toban.faces.web.frame import in_force


def shown(clause: Clause) -> tuple[str, dict[str, object]] | None:
    """Return a template and its context. See `Extension.evidence`."""
    edition = in_force()
    found = [each for each in found_settings(edition, system_clock()) if each.setting.row.id == clause.id]
    if not found:
        return None
    return "drift/_row.html", {"shown": shown_settings(found, edition), **proposal(found, edition)}
