"""What Toban does by itself, with the mode of each act: the same on the page and in the terminal."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.conf import settings

from toban.engine.editions.edition import Edition
from toban.engine.modes import service
from toban.engine.modes.models import ModeSetting
from toban.engine.modes.rules import AutomaticAct, Mode, mode_now, word
from toban.engine.operation import works_of
from toban.engine.orders import NotPossible
from toban.engine.runs.models import Run
from toban.engine.runs.modes.acts import acts_of
from toban.message import Message


@dataclass(frozen=True, slots=True)
class ListedAct:
    """An automatic act, with what people decided about it."""

    act: AutomaticAct
    mode: Mode
    setting: ModeSetting | None
    """What a person decided; None if the bindings' own word counts."""
    shown: str
    """See `service.shown_of`."""

    @property
    def word(self) -> Message:
        """Its mode, for people."""
        return word(self.mode)

    @property
    def choices(self) -> Sequence[tuple[Mode, Message]]:
        """The modes that it can be moved to."""
        others = (mode for mode in Mode if mode is not self.mode and not mode.is_bolder(self.act.boldest))
        return [(mode, word(mode)) for mode in others]


def listed_acts(edition: Edition) -> Sequence[ListedAct]:
    """Return all automatic acts of *edition*, in the order of their works."""
    decided = service.settings()
    works = works_of(edition, settings.PARTS.operations).values()
    return [_listed(act, decided.get(act.subject)) for act in acts_of(works)]


def act_named(edition: Edition, subject: str) -> ListedAct:
    """Return the act called *subject*, or raise `NotPossible`."""
    found = next((each for each in listed_acts(edition) if each.act.subject == subject), None)
    if found is None:
        raise NotPossible(Message("modes.no-such-act", name=subject), Message("modes.see-modes"))
    return found


def would_have_run(most: int, work: str = "") -> Sequence[Run]:
    """Return the newest runs that were only recorded, up to *most*; those of *work* if it is named."""
    found = Run.objects.filter(state=Run.State.SHADOW)
    return list((found.filter(work=work) if work else found).order_by("-due_at", "-pk")[:most])


def act_values(listed: ListedAct) -> Mapping[str, object]:
    """Return an act as JSON values."""
    act, setting = listed.act, listed.setting
    return {
        "act": act.subject,
        "title": act.title.as_output(),
        "mode": listed.mode,
        "declared": act.declared,
        "boldest": act.boldest,
        "bound": act.bound,
        "role": act.role,
        "irreversible": act.is_irreversible,
        "clause": act.clause_id,
        "by": setting.by if setting is not None else None,
        "at": setting.at.isoformat() if setting is not None else None,
        "reason": setting.reason if setting is not None else None,
    }


def shadow_values(run: Run) -> Mapping[str, object]:
    """Return a run that was only recorded as JSON values."""
    return {
        "run": run.pk,
        "work": run.work,
        "at": run.due_at.isoformat(),
        "repeat": run.is_rerun,
        "would_have": run.note.as_output(),
    }


def _listed(act: AutomaticAct, setting: ModeSetting | None) -> ListedAct:
    mode = mode_now(act, service.decision_in(setting))
    holds = setting is not None and setting.declared == act.declared
    return ListedAct(act, mode, setting if holds else None, service.shown_of(act, setting))
