"""Why a group of instances was scaled, or was not: `toban why Webサーバー`."""

from django.conf import settings

from toban.chapters.capacity.operation import OPERATION
from toban.chapters.capacity.plan import CapacityPlan
from toban.engine.registry.parts import Parts
from toban.faces.cli.answer import CommandAnswer, Why
from toban.faces.cli.capacity.capacity import lines_of
from toban.faces.cli.kept import kept_edition
from toban.faces.values.capacity import group_values, shown_groups
from toban.message import NOTHING, Message


def answer(parts: Parts, asked: str) -> CommandAnswer | None:
    """Say what each rule about the group decided last, and what came of it; None for any other name."""
    plan = _plan(parts)
    if plan is None or asked not in {each.name for each in plan.groups}:
        return None
    found = [each for each in shown_groups(plan) if each.group.name == asked]
    lines = tuple(line for each in found for line in lines_of(each))
    return CommandAnswer(lines, {"group": asked, "rules": [group_values(each) for each in found]})


def known(parts: Parts) -> Message:
    """Name the groups that rules of the document in force scale; nothing if there is none."""
    plan = _plan(parts)
    names = tuple(dict.fromkeys(each.name for each in plan.groups)) if plan is not None else ()
    return Message("capacity.groups-are", names=names) if names else NOTHING


WHY = Why(answer, known)


def _plan(parts: Parts) -> CapacityPlan | None:
    edition = kept_edition(parts, settings.HOME)
    return edition.plan(OPERATION) if edition is not None else None
