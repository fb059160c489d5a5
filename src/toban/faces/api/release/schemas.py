"""What the API shows of releases, and takes."""

from typing import Annotated

from ninja import Schema
from pydantic import Field

from toban.chapters.release.models import Release
from toban.chapters.release.ordering.asking import MayDeploy
from toban.faces.api.values import Asked, Moment, Number, Said, Text, Why


class ShownRelease(Schema):
    """A release, with the times of its stop-watch."""

    release: int
    kind: Release.Kind
    state: Release.State
    service: str
    environment: str
    deployment: str
    version: str
    commit: str
    digest: str
    former: str | None
    undoes: int | None
    reversible: bool
    cause: str
    trigger: str
    ordered_by: str
    run: int | None
    clause: str
    note: Said | None
    ordered_at: str
    planned_at: str
    detected_at: str | None
    decided_at: str | None
    began_at: str | None
    served_at: str | None
    checked_at: str | None
    watched_until: str | None
    ended_at: str | None
    decision_to_serving: float | None
    """Seconds."""
    page: str


class ShownLock(Schema):
    """Who keeps an environment as it is, and why."""

    deployment: str
    release: int | None
    """The release that holds it; null for the lock of a person."""
    owner: str
    reason: str
    since: str


class ShownEnvironment(Schema):
    """An environment of a service."""

    deployment: str
    environment: str
    service: str
    serving: ShownRelease | None
    """What brought the version that serves."""
    coming: ShownRelease | None
    """What is planned or under way."""
    lock: ShownLock | None
    undoes: int | None
    """The release that going back would undo; null if there is none."""


class ShownCommit(Schema):
    """A commit."""

    id: str
    author: str
    subject: str


class ShownDraft(Schema):
    """A release as it would be planned."""

    deployment: str
    environment: str
    kind: Release.Kind
    version: str
    commit: str
    digest: str
    former: str | None
    planned_at: str
    reversible: bool
    commits: list[ShownCommit]
    going_out: list[str]
    """Commits that serve now, and would no longer."""
    facts: list[tuple[Said, Said]]
    refusals: list[Said]
    """Why it can't be planned; empty if it can."""
    shown: str


class WantedDraft(Asked):
    """What is to be released, and when."""

    environment: Text
    """The document's name, or that of the table in `[deployments]`."""
    version: Text = ""
    """A tag, branch or commit; empty for the newest that may go."""
    at: Moment | None = None
    """When it begins; null: on the schedule's next day."""
    now: bool = False
    """Begin at once, or as soon as it is approved."""
    cause: Text = ""
    """For a patch: the incident or error that it mends."""
    despite: Text = ""
    """Why in spite of a freeze."""


class WantedRelease(WantedDraft):
    """A release to be planned."""

    shown: Text = ""
    """The `shown` of a preview: the release is refused if it is another one by now; empty: whatever it is."""


class WantedRollback(Why):
    """A way back to the version before."""

    environment: Text
    detected_at: Moment | None = None
    """When the trouble was noticed; null: now."""
    undoes: Number | None = None
    """The `undoes` of the environment as it was read: refused if it is another now; null: whatever it is."""


class WantedLock(Why):
    """A lock of an environment."""

    environment: Text


class WantedUnlock(Asked):
    """The end of a lock."""

    environment: Text


class WantedPermission(Asked):
    """What a workflow elsewhere wants to deploy, and where."""

    service: Text
    environment: Text
    commit: Annotated[str, Field(pattern=r"^([0-9a-f]{40}|[0-9a-f]{64})$")]
    """The full hash."""
    run: Annotated[str, Field(max_length=500, pattern=r"^https?://[!-~]+$")]
    """The address of the run that asks; by it, a question is known again."""


class ShownPermission(Schema):
    """Whether it may deploy, and why."""

    answer: MayDeploy
    reason: Said
    release: int | None
    planned_at: str | None
    """When the release is to begin."""
    page: str | None
