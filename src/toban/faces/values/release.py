"""Releases as JSON values: the same in the terminal, on the page and by the API."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime, timedelta

from toban.chapters.release.models import DeploymentLock, Release
from toban.chapters.release.ordering.planning import Draft


def release_values(release: Release) -> Mapping[str, object]:
    """Return *release* with the times of its stop-watch."""
    return {
        "release": release.pk,
        "kind": release.kind,
        "state": release.state,
        "service": release.service,
        "environment": release.environment,
        "deployment": release.deployment,
        "version": release.artifact.label,
        "commit": release.artifact.commit,
        "digest": release.artifact.digest,
        "former": release.former.label if release.former is not None else None,
        "undoes": release.undoes_id,
        "reversible": release.is_reversible,
        "cause": release.cause,
        "trigger": release.trigger,
        "ordered_by": release.ordered_by,
        "run": release.run,
        "clause": release.clause_id,
        "note": release.note.as_output() if release.note else None,
        **{name: _time(getattr(release, name)) for name in TIMES},
        "decision_to_serving": _seconds(release.decided_at, release.served_at),
    }


TIMES = (
    "ordered_at",
    "planned_at",
    "detected_at",
    "decided_at",
    "began_at",
    "served_at",
    "checked_at",
    "watched_until",
    "ended_at",
)
"""The times of a release, in the order in which they come."""


def draft_values(found: Draft) -> Mapping[str, object]:
    """Return a release as it would be planned."""
    return {
        "deployment": found.deployment.name,
        "environment": found.deployment.rule.environment,
        "kind": found.kind,
        "version": found.artifact.label,
        "commit": found.artifact.commit,
        "digest": found.artifact.digest,
        "former": found.former.label if found.former is not None else None,
        "planned_at": found.planned_at.isoformat(),
        "reversible": found.is_reversible,
        "commits": [
            {"id": each.id, "author": each.author, "subject": each.subject} for each in found.commits
        ],
        "going_out": [each.id for each in found.going_out],
        "facts": [[label.as_output(), value.as_output()] for label, value in found.facts],
        "refusals": [each.said.as_output() for each in found.refusals],
    }


def digest_of(made: Draft) -> str:
    """Return the digest of what a person is shown before the release is planned."""
    facts = [[label.as_json(), value.as_json()] for label, value in made.facts]
    return hashlib.sha256(json.dumps([made.artifact.commit, facts]).encode()).hexdigest()


def lock_values(lock: DeploymentLock) -> Mapping[str, object]:
    """Return who keeps an environment as it is, and why."""
    return {
        "deployment": lock.deployment,
        "release": lock.release_id,
        "owner": lock.owner,
        "reason": lock.reason,
        "since": lock.since.isoformat(),
    }


def _time(at: datetime | None) -> str | None:
    return at.isoformat() if at is not None else None


def _seconds(start: datetime | None, end: datetime | None) -> float | None:
    return (end - start) / timedelta(seconds=1) if start is not None and end is not None else None
