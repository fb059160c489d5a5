"""Why a release stands as it does, and what proves its way: `toban why release/12`."""

from collections.abc import Iterator

from django.conf import settings

from toban.chapters.release.drills.record import checks_of
from toban.chapters.release.models import Release, RollbackDrill
from toban.chapters.release.operation import OPERATION
from toban.chapters.release.rows.flow import StepEvidence
from toban.chapters.release.rows.way import BY_HAND, evidence_of
from toban.engine.registry.parts import Parts
from toban.faces.cli.answer import CommandAnswer, Why
from toban.faces.cli.kept import kept_edition
from toban.faces.cli.release.followed import lines_of
from toban.faces.values.release import release_values
from toban.message import Message

_PREFIX = "release/"


def answer(parts: Parts, asked: str) -> CommandAnswer | None:
    """Say how a release went, and how it stands at each step of the flow; None for any other name."""
    number = asked.removeprefix(_PREFIX)
    if number == asked or not number.isdecimal():
        return None
    found = Release.objects.select_related("artifact", "former").filter(pk=int(number))
    release = found.first()
    if release is None:
        return None
    steps = _steps(parts, release)
    drill = RollbackDrill.objects.filter(release=release).first()
    values = {
        **release_values(release),
        "steps": [{**each.proof, "text": each.step.text, "said": each.said.as_output()} for each in steps],
        "checks": [each.as_json() for each in checks_of(drill)] if drill is not None else [],
    }
    return CommandAnswer((*lines_of(release), *_told(steps, drill)), values)


def known(_parts: Parts) -> Message:
    """Say how releases are named."""
    newest = Release.objects.order_by("-pk").values_list("pk", flat=True).first()
    return Message("release-rows.releases-are-named", name=f"{_PREFIX}{newest or 1}")


WHY = Why(answer, known)


def _steps(parts: Parts, release: Release) -> tuple[StepEvidence, ...]:
    edition = kept_edition(parts, settings.HOME) if release.kind in BY_HAND else None
    return tuple(evidence_of(release, edition.plan(OPERATION))) if edition is not None else ()


def _told(steps: tuple[StepEvidence, ...], drill: RollbackDrill | None) -> Iterator[Message | str]:
    for each in steps:
        word = Message(f"release-rows.evidence-{each.evidence}")
        yield f"  {each.step.number}. {each.step.text} [{word}] {each.said}"
    for check in checks_of(drill) if drill is not None else ():
        word = Message(f"release-rows.result-{'passed' if check.is_passed else 'failed'}")
        yield f"  {check.name} [{word}] {check.found}"
