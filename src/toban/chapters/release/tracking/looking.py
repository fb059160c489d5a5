"""One look at a source: what it has now, what is proven about it, and what the document orders for it.

Level-triggered: what is to be released is read from the tables, so a look that was cut off is done again.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from pathlib import Path
from urllib.parse import urlsplit

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import F, Q

from toban.chapters.release.deployments import Deployment, ReleaseChapterPlan, Service
from toban.chapters.release.models import CommitProof, Release, SourceBranch, SourceLook
from toban.chapters.release.ordering import orders
from toban.chapters.release.ordering.rules import why_unproven
from toban.chapters.release.source import BranchHead, Proof, ProofKind, ReleaseSource, SourceFailed
from toban.chapters.release.tracking.rules import (
    PastAutomatic,
    SeenBranch,
    after_look,
    due_release,
    is_proof_due,
    newest_first,
)
from toban.chapters.release.tracking.triggers import Trigger, TriggerEvent, read_trigger
from toban.engine.network.addresses import is_this_machine
from toban.engine.orders import NotPossible
from toban.message import NOTHING, Message

_MOST_PROVEN = 20
"""Commits whose proofs are asked for in one look."""
_AT_ONCE = 500
_ANNOUNCED = (Release.Kind.REGULAR, Release.Kind.PATCH, Release.Kind.AUTOMATIC)
_MOST_ANNOUNCED = 50
_IS_DONE = {
    Release.State.PLANNED: False,
    Release.State.RUNNING: False,
    Release.State.WATCHED: True,
    Release.State.DONE: True,
}
"""Those that are missing will not be done."""
_FIELDS = ("commit", "first_seen_at", "seen_at", "rewritten_at", "rewritten_from", "gone_at")

log = structlog.get_logger(__name__)

type Order = Callable[[ReleaseChapterPlan, Deployment, ReleaseSource, str, str, datetime], Release | None]


@dataclass(frozen=True, slots=True)
class Look:
    """What a look needs: one service of an edition, at a time."""

    service: Service
    plan: ReleaseChapterPlan
    home: Path
    now: datetime
    order: Order = orders.order_automatic

    def take(self) -> None:
        """Ask the source, and order what is due; the outcome is in its `SourceLook`."""
        row, _ = SourceLook.objects.get_or_create(service=self.service.name, defaults={"asked_at": self.now})
        row.asked_at = self.now
        row.save(update_fields=["asked_at"])
        try:
            source = self.service.opened(self.home)
            self._follow(source, row)
            announce(source, self.service.name)
            row.answered_at, row.trouble = self.now, NOTHING
        except SourceFailed as error:
            log.warning("source_failed", service=self.service.name, reason=error.args[0].as_json())
            row.trouble = error.args[0]
        row.save(update_fields=["answered_at", "trouble", "began"])

    def _follow(self, source: ReleaseSource, row: SourceLook) -> None:
        triggers = triggers_of(self.plan, self.service)
        heads = [each for each in source.fetch() if self._is_followed(each, triggers, are_tags=False)]
        tags = [each for each in source.tags() if self._is_followed(each, triggers, are_tags=True)]
        known = list(_known(self.service.name))
        seen = [
            *after_look((each for each in known if not each.is_tag), heads, self.now, source.is_ancestor),
            *after_look(
                (each for each in known if each.is_tag), tags, self.now, source.is_ancestor, are_tags=True
            ),
        ]
        self._store(known, seen)
        self._prove(source, seen)
        for name in triggers:
            # What was there before Toban knew of this deployment is nothing new.
            row.began.setdefault(name, self.now.isoformat())
        self._release(source, seen, row)

    def _is_followed(self, head: BranchHead, triggers: Mapping[str, Trigger], *, are_tags: bool) -> bool:
        config = self.service.config
        events = (TriggerEvent.TAGGED,) if are_tags else (TriggerEvent.MOVED, TriggerEvent.CREATED)
        patterns = [each.pattern for each in triggers.values() if each.event in events]
        if not are_tags:
            patterns += [config.trunk, config.release_branches]
        return any(fnmatchcase(head.name, pattern) for pattern in patterns)

    def _store(self, known: Sequence[SeenBranch], seen: Sequence[SeenBranch]) -> None:
        former = {(each.name, each.is_tag): each for each in known}
        changed = [each for each in seen if former.pop((each.name, each.is_tag), None) != each]
        for each in changed:
            if each.rewritten_at == self.now:
                log.warning(
                    "branch_rewritten", service=self.service.name, branch=each.name, was=each.rewritten_from
                )
        if not changed and not former:
            return
        rows = [_row(self.service.name, each) for each in changed]
        with transaction.atomic():
            SourceBranch.objects.bulk_create(
                rows,
                _AT_ONCE,
                update_conflicts=True,
                unique_fields=("service", "name", "is_tag"),
                update_fields=_FIELDS,
            )
            for is_tag in (False, True):
                gone = [name for name, tag in former if tag is is_tag]
                for begin in range(0, len(gone), _AT_ONCE):
                    names = gone[begin : begin + _AT_ONCE]
                    SourceBranch.objects.filter(
                        service=self.service.name, is_tag=is_tag, name__in=names
                    ).delete()

    def _prove(self, source: ReleaseSource, seen: Iterable[SeenBranch]) -> None:
        """Ask for the proofs that are still missing, of the newest commits first."""
        moments = dict(list(newest_first(seen).items())[:_AT_ONCE])
        stored = _proofs_of(self.service.name, moments)
        due = [
            commit
            for commit, moved_at in moments.items()
            if not _is_proven(stored.get(commit, {}))
            and is_proof_due(_looked_at(stored.get(commit, {})), moved_at, self.now)
        ]
        for commit in due[:_MOST_PROVEN]:
            keep_proofs(self.service.name, commit, source.proofs(commit), self.now)

    def _release(self, source: ReleaseSource, seen: Sequence[SeenBranch], row: SourceLook) -> None:
        notes: dict[tuple[str, bool], Message] = {}
        for name, trigger in triggers_of(self.plan, self.service).items():
            deployment = self.plan.deployments[name]
            since = datetime.fromisoformat(row.began[name])
            found = due_release(trigger, seen, list(_past(deployment)), since)
            if found is not None:
                notes[found.name, found.is_tag] = self._ordered(source, deployment, found)
        for each in SourceBranch.objects.filter(service=self.service.name).exclude(note__code=""):
            notes.setdefault((each.name, each.is_tag), NOTHING)
        for (branch, is_tag), note in notes.items():
            SourceBranch.objects.filter(service=self.service.name, name=branch, is_tag=is_tag).update(
                note=note
            )

    def _ordered(self, source: ReleaseSource, deployment: Deployment, branch: SeenBranch) -> Message:
        """Order the release, or return why it has to wait."""
        lacking = why_unproven(stored_proofs(self.service.name, branch.commit))
        if lacking:
            return lacking
        try:
            self.order(self.plan, deployment, source, branch.commit, branch.name, self.now)
        except NotPossible as refused:
            return refused.said
        return NOTHING


def announce(source: ReleaseSource, service: str) -> None:
    """Tell the source how the releases of *service* stand that have moved since it was last told."""
    moved = Release.objects.filter(service=service, kind__in=_ANNOUNCED).exclude(announced=F("state"))
    for release in moved.select_related("artifact").order_by("pk")[:_MOST_ANNOUNCED]:
        state = Release.State(release.state)
        said = Message(f"release-source.is-{state}", version=release.artifact.label)
        try:
            source.announce(
                release.artifact.commit,
                release.environment,
                is_done=_IS_DONE.get(state),
                said=said,
                url=page_of(release, settings.PUBLIC_URL),
            )
        except SourceFailed as error:
            log.warning("release_not_announced", release=release.pk, reason=error.args[0].as_json())
            if error.retry:
                return
        Release.objects.filter(pk=release.pk).update(announced=state)


def page_of(release: Release, public_url: str) -> str:
    """Return the address of its page; empty if *public_url* leads others to their own machine."""
    if is_this_machine(urlsplit(public_url).hostname or ""):
        return ""
    return f"{public_url.rstrip('/')}/releases/{release.pk}/"


def triggers_of(plan: ReleaseChapterPlan, service: Service) -> Mapping[str, Trigger]:
    """Return the triggers by which versions of *service* go to a deployment by themselves."""
    read = {each.name: read_trigger(each.rule, service.config) for each in plan.of(service.name)}
    return {name: each for name, each in read.items() if isinstance(each, Trigger) and each.is_automatic}


def keep_proofs(service: str, commit: str, proofs: Iterable[Proof], now: datetime) -> None:
    """Store what a source says about *commit*; what it can't know takes nothing away from what is known."""
    known = {each.kind: each for each in CommitProof.objects.filter(service=service, commit=commit)}
    for proof in proofs:
        row = known.get(proof.kind) or CommitProof(service=service, commit=commit, kind=proof.kind)
        row.looked_at = now
        if proof.is_given is not None or row.is_given is None:
            row.is_given, row.said, row.at, row.url = proof.is_given, proof.said, proof.at, proof.url[:500]
        row.save()


def stored_proofs(service: str, commit: str) -> Sequence[Proof]:
    """Return what is known about *commit*."""
    rows = CommitProof.objects.filter(service=service, commit=commit)
    return [Proof(ProofKind(each.kind), each.is_given, each.said, each.at, each.url) for each in rows]


def want_look(service: str, now: datetime) -> None:
    """Note that the source of *service* has something new: it is asked at once."""
    SourceLook.objects.filter(service=service).update(wanted_at=now)


def _known(service: str) -> Iterator[SeenBranch]:
    for each in SourceBranch.objects.filter(service=service):
        yield SeenBranch(each.name, each.is_tag, *(getattr(each, field) for field in _FIELDS))


def _row(service: str, seen: SeenBranch) -> SourceBranch:
    values = {field: getattr(seen, field) for field in _FIELDS}
    return SourceBranch(service=service, name=seen.name, is_tag=seen.is_tag, **values)


def _proofs_of(service: str, commits: Iterable[str]) -> Mapping[str, Mapping[str, CommitProof]]:
    found: dict[str, dict[str, CommitProof]] = {}
    for each in CommitProof.objects.filter(service=service, commit__in=list(commits)):
        found.setdefault(each.commit, {})[each.kind] = each
    return found


def _is_proven(proofs: Mapping[str, CommitProof]) -> bool:
    return all(kind in proofs and proofs[kind].is_given is True for kind in ProofKind)


def _looked_at(proofs: Mapping[str, CommitProof]) -> datetime | None:
    return min((each.looked_at for each in proofs.values()), default=None)


def _past(deployment: Deployment) -> Iterator[PastAutomatic]:
    """Yield what a trigger need not bring any more: what it has ordered, and what people have brought."""
    rows = Release.objects.filter(service=deployment.service.name, environment=deployment.rule.environment)
    # One that people have called off before it began leaves the commit to the trigger.
    brought = Q(began_at__isnull=False) | Q(state=Release.State.PLANNED)
    rows = rows.filter(Q(kind=Release.Kind.AUTOMATIC) | brought)
    rows = rows.exclude(kind__in=(Release.Kind.ROLLBACK, Release.Kind.DRILL))
    for commit, branch, at in rows.values_list("artifact__commit", "trigger", "ordered_at"):
        yield PastAutomatic(commit, branch, at)
