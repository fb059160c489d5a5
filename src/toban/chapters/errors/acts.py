"""Orders about collected errors: they change how an error is dealt with, and nothing of the system. Pure."""

from collections.abc import Mapping

from toban.engine.changes.act import ActReader, unchanged

ACTS: Mapping[str, ActReader] = {
    "resolve-error": unchanged,
    "ignore-error": unchanged,
    "reopen-error": unchanged,
    "assign-error": unchanged,
}
