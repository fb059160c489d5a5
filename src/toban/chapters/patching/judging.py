"""The verdict on a row that orders patches. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from toban.engine.evidence.verdict import Verdict
from toban.engine.modes.rules import Mode, word
from toban.engine.rows.judgement import Judgement
from toban.message import NOTHING, Message, plain


@dataclass(frozen=True, slots=True)
class LastPatches:
    """The newest run that has ended."""

    run: int
    at: datetime
    said: Message
    has_succeeded: bool
    has_begun: bool
    """Whether it changed anything, or at least was to: otherwise nobody did what the row orders."""
    unseen: tuple[str, ...] = ()
    """Hosts that are bound, and that it did not ask: they were bound since."""
    unrated: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Host → repositories that don't say what is a security fix: there may be some that it left out."""


@dataclass(frozen=True, slots=True)
class PatchState:
    """What is known about a row that orders patches."""

    last: LastPatches | None
    mode: Mode
    under_way: Message = NOTHING
    """What the open run is at, or waits for."""
    shadowed_at: datetime | None = None
    """When it would have been planned last, if it was not only because of its mode."""
    next_due: datetime | None = None


def judge(state: PatchState) -> Judgement:
    """Return the verdict: what was due in shadow was not done, whatever the reason."""
    last = state.last
    value = word(Mode.SHADOW) if state.mode is Mode.SHADOW else state.under_way
    if state.shadowed_at is not None and (last is None or last.at < state.shadowed_at):
        said = Message("patching.only-shown", at=state.shadowed_at)
        return Judgement(Verdict.NOT_PERFORMED, said, value, state.next_due)
    if last is None:
        reason = state.under_way or Message("patching.not-patched-yet")
        return Judgement(Verdict.NOT_DUE, reason, value, state.next_due)
    proof = {"run": last.run, "at": last.at.isoformat()}
    if last.has_succeeded and last.unrated:
        hosts = tuple(plain(f"{host}: {', '.join(names)}") for host, names in sorted(last.unrated.items()))
        said = Message("patching.unrated", at=last.at, said=last.said, repositories=hosts)
        return Judgement(Verdict.NOT_MEASURABLE, said, value, state.next_due, proof)
    if last.has_succeeded and last.unseen:
        said = Message("patching.bound-since", at=last.at, hosts=last.unseen)
        return Judgement(Verdict.NOT_DUE, said, value, state.next_due, proof)
    if last.has_succeeded:
        said = Message("patching.patched-at", at=last.at, said=last.said)
        return Judgement(Verdict.CONFORMING, said, value, state.next_due, proof)
    verdict = Verdict.DEVIATING if last.has_begun else Verdict.NOT_PERFORMED
    return Judgement(verdict, last.said, value, state.next_due, proof)
