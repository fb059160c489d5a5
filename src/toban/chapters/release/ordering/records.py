"""What happens to releases, as entries of the audit log; the changes are read from these."""

from collections.abc import Iterable
from datetime import datetime

from toban.chapters.release.models import Release
from toban.engine.approvals.answers import from_shell
from toban.engine.evidence import ledger
from toban.engine.evidence.models import LedgerEntry
from toban.message import Message


def stored_facts(facts: Iterable[tuple[Message, Message]]) -> list[list[object]]:
    """Return labels and values as a release keeps them."""
    return [[label.as_json(), value.as_json()] for label, value in facts]


def record(release: Release, act: str, by: str, now: datetime, shell_user: str = "") -> None:
    """Append *act* (`release-planned`, …) with all that tells one release from another.

    *shell_user* is the user of the operating system, for a command on the server.
    """
    content = {
        "order": act,
        "release": release.pk,
        "service": release.service,
        "environment": release.environment,
        "deployment": release.deployment,
        "kind": release.kind,
        "version": release.artifact.label,
        "commit": release.artifact.commit,
        "digest": release.artifact.digest,
        "former": release.former.label if release.former is not None else "",
        "cause": release.cause,
        "state": release.state,
        "note": release.note.as_json(),
        **_times(release),
        **from_shell(shell_user),
    }
    entry = ledger.Record(
        LedgerEntry.Kind.AUDIT,
        content,
        actor=by[:150],
        clause_id=release.clause_id,
        document_digest=release.document_digest,
    )
    ledger.append(entry, now=now)


def _times(release: Release) -> dict[str, str]:
    names = ("planned_at", "detected_at", "decided_at", "began_at", "served_at", "checked_at")
    found = {name: getattr(release, name) for name in names}
    return {name: at.isoformat() for name, at in found.items() if at is not None}
