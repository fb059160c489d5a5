"""The verdicts on the rows of chapter 5, from what is known about its releases. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from toban.chapters.release.rows import flow
from toban.chapters.release.rows.flow import Evidence, Seen, StepEvidence
from toban.chapters.release.rows.schedule import ReleaseCalendar, ReleaseWindow, cites
from toban.engine.amounts import length
from toban.engine.bindings.model import System
from toban.engine.evidence.verdict import Verdict
from toban.engine.rows.judgement import Judgement
from toban.message import NOTHING, Message, sentences

STALE = timedelta(minutes=5)
"""An older look at what serves says nothing about now; until then, one that failed changes nothing."""

_BY_HAND = ("regular", "patch", "automatic")
_BACK = ("rollback", "drill")
_OPEN = ("planned", "running")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """A release, as far as verdicts need it; the words are those of `models.Release`."""

    number: int
    version: str
    kind: str
    state: str
    ordered_at: datetime
    planned_at: datetime
    detected_at: datetime | None = None
    decided_at: datetime | None = None
    began_at: datetime | None = None
    served_at: datetime | None = None
    checked_at: datetime | None = None
    note: Message = NOTHING
    cause: str = ""

    @property
    def due_at(self) -> datetime:
        """When it was to begin: at its planned time, or as soon as it was approved if it had none."""
        if self.planned_at > self.ordered_at:
            return self.planned_at
        return max(self.planned_at, self.decided_at or self.planned_at)

    @property
    def proof(self) -> Mapping[str, object]:
        """Its number and times as JSON values."""
        names = ("planned_at", "detected_at", "decided_at", "began_at", "served_at", "checked_at")
        times = {name: getattr(self, name) for name in names}
        return {"release": self.number, **{name: at.isoformat() for name, at in times.items() if at}}


def by_flow(outcome: Outcome | None, found: Sequence[StepEvidence], system: System) -> Judgement:
    """Judge the flow by the newest release that served in the last environment."""
    if outcome is None:
        return Judgement(Verdict.NOT_DUE, Message("release-rows.none-released-yet"))
    proof = {**outcome.proof, "steps": [each.proof for each in found]}
    value = Message("release-rows.version-and-steps", version=outcome.version, steps=flow.whole(found))
    if missing := flow.lacking(found):
        return Judgement(
            Verdict.DEVIATING, _steps("release-rows.steps-missing", outcome, missing), value, proof=proof
        )
    if unknown := [each for each in found if each.evidence is Evidence.UNKNOWN]:
        said = _steps("release-rows.steps-unknown", outcome, unknown)
        return Judgement(Verdict.NOT_MEASURABLE, said, value, proof=proof)
    if not any(each.evidence is Evidence.GIVEN for each in found):
        return Judgement(Verdict.DECLARED, Message("release-rows.nothing-to-prove"))
    said = Message("release-rows.every-step-given", number=outcome.number, at=_at(outcome.served_at, system))
    return Judgement(Verdict.CONFORMING, said, value, proof=proof)


def _steps(code: str, outcome: Outcome, steps: Sequence[StepEvidence]) -> Message:
    told = [Message("release-rows.step", step=each.step.text, said=each.said) for each in steps]
    return Message(code, number=outcome.number, version=outcome.version, steps=told)


@dataclass(frozen=True, slots=True)
class Serving:
    """What serves in an environment: by the ledger, and by the last look at its instances."""

    current: Outcome | None = None
    """The release or rollback that serves, by the ledger."""
    answered_at: datetime | None = None
    trouble: Message = NOTHING
    stray_since: datetime | None = None
    strays: tuple[str, ...] = ()
    """The instances that serve what no release has brought."""

    def value(self, system: System) -> Message:
        """Return which version serves, and since when."""
        if self.current is None:
            return NOTHING
        at = _at(self.current.served_at, system)
        return Message("release-rows.version-at", version=self.current.version, at=at)

    def judged(self, system: System, now: datetime) -> Judgement | None:
        """Return what is wrong with it; None if all of it is what the releases brought."""
        if self.stray_since is not None:
            said = Message(
                "release-rows.no-release-brought-it",
                instances=self.strays,
                since=_at(self.stray_since, system),
            )
            proof = {"instances": list(self.strays), "since": self.stray_since.isoformat()}
            return Judgement(Verdict.DEVIATING, said, proof=proof)
        seen_at = self.answered_at
        if self.current is not None and seen_at is None and not self.trouble:
            # Before the first look: whoever brought it has looked itself, right after the switch.
            seen_at = self.current.served_at
        if seen_at is not None and now - seen_at <= STALE:
            return None
        return Judgement(Verdict.NOT_MEASURABLE, self.trouble or Message("release-rows.not-looked-at"))


@dataclass(frozen=True, slots=True)
class Told:
    """What a source has told besides the releases that it triggered."""

    untold: Message = NOTHING
    """Why it can't say what is new."""
    held: Message = NOTHING
    """Why something that is new is not released by itself."""


def by_trigger(
    history: Sequence[Outcome],
    serving: Serving,
    told: Told,
    system: System,
    now: datetime,
    within: timedelta,
) -> Judgement:
    """Judge a row that has versions brought by themselves: *history* are its releases, newest first.

    *within*: how soon after its trigger each must serve.
    """
    ended = next((each for each in history if _is_decided(each, now, within)), None)
    value = serving.value(system)
    found = _late_or_failed(ended, system, within) or (serving.judged(system, now) if value else None)
    if found is not None:
        return replace(found, value=value, proof={**(ended.proof if ended else {}), **found.proof})
    if told.held:
        return Judgement(Verdict.WARNING, told.held, value)
    if told.untold:
        return Judgement(Verdict.NOT_MEASURABLE, told.untold, value)
    if ended is None:
        return Judgement(Verdict.NOT_DUE, Message("release-rows.no-trigger-yet"), value)
    took = length((ended.served_at or now) - _wanted_at(ended))
    said = Message("release-rows.brought-by-itself", number=ended.number, took=took)
    return Judgement(Verdict.CONFORMING, said, value, proof=ended.proof)


def _is_decided(outcome: Outcome, now: datetime, within: timedelta) -> bool:
    """Return whether it can be judged: it served, it ended, or it is late."""
    return outcome.served_at is not None or outcome.state not in _OPEN or now - _wanted_at(outcome) > within


def _wanted_at(outcome: Outcome) -> datetime:
    """Return when an automatic release could begin: at its trigger, or when it was approved."""
    return max(outcome.ordered_at, outcome.decided_at or outcome.ordered_at)


def _late_or_failed(outcome: Outcome | None, system: System, within: timedelta) -> Judgement | None:
    if outcome is None:
        return None
    number, version = outcome.number, outcome.version
    if outcome.state == "aborted":
        said = Message("release-rows.was-called-off", number=number, version=version, why=outcome.note)
        return Judgement(Verdict.NOT_PERFORMED, said)
    if outcome.state in ("failed", "rolled-back"):
        said = Message("release-rows.has-failed", number=number, version=version, why=outcome.note)
        return Judgement(Verdict.DEVIATING, said)
    if outcome.served_at is None or outcome.served_at - _wanted_at(outcome) > within:
        wanted = _at(_wanted_at(outcome), system)
        said = Message(
            "release-rows.not-brought-in-time",
            number=number,
            version=version,
            wanted=wanted,
            within=length(within),
            why=outcome.note,
        )
        return Judgement(Verdict.DEVIATING, said)
    return None


def by_order(
    history: Sequence[Outcome],
    approval: Seen | None,
    serving: Serving,
    system: System,
    now: datetime,
    within: timedelta,
) -> Judgement:
    """Judge a row that has people release: approved by its role, begun in time, and nothing else serves.

    *history*: its releases, newest first. *approval*: of the newest that served; None if the row wants none.
    *within*: how late after its time a release may begin.
    """
    served = next((each for each in history if each.served_at is not None), None)
    planned = [each.planned_at for each in history if each.state == "planned" and each.planned_at > now]
    next_due = min(planned, default=None)
    value = serving.value(system)
    if served is None:
        # The version that it began with, or was brought back to, is to serve all the same.
        stray = serving.judged(system, now) if serving.current is not None else None
        none = Judgement(Verdict.NOT_DUE, Message("release-rows.none-released-yet"))
        return replace(stray or _after_attempt(history) or none, value=value, next_due=next_due)
    found = (
        _unapproved(served, approval)
        or _untimely(served, system, within)
        or serving.judged(system, now)
        or _after_attempt(history)
    )
    if found is not None:
        return replace(found, value=value, next_due=next_due, proof={**served.proof, **found.proof})
    said = Message("release-rows.released-as-ordered", number=served.number, at=_at(served.began_at, system))
    reason = sentences(said, approval.said if approval is not None else NOTHING)
    return Judgement(Verdict.CONFORMING, reason, value, next_due, served.proof)


def _unapproved(outcome: Outcome, approval: Seen | None) -> Judgement | None:
    if approval is None or approval.evidence is Evidence.GIVEN:
        return None
    said = Message("release-rows.released-without-approval", number=outcome.number, why=approval.said)
    return Judgement(Verdict.DEVIATING, said)


def _untimely(outcome: Outcome, system: System, within: timedelta) -> Judgement | None:
    began = outcome.began_at
    if began is None or began - outcome.due_at <= within:
        return None
    said = Message(
        "release-rows.begun-late",
        number=outcome.number,
        planned=_at(outcome.due_at, system),
        began=_at(began, system),
        within=length(within),
    )
    return Judgement(Verdict.DEVIATING, said)


def _after_attempt(history: Sequence[Outcome]) -> Judgement | None:
    """Warn of a release that never served, if none has followed it."""
    newest = next((each for each in history if each.state not in _OPEN), None)
    if newest is None or newest.served_at is not None or newest.state != "failed":
        return None
    said = Message("release-rows.has-failed", number=newest.number, version=newest.version, why=newest.note)
    return Judgement(Verdict.WARNING, said)


@dataclass(frozen=True, slots=True)
class Offer:
    """What could have been released in a window, and whether it was."""

    window: ReleaseWindow
    released: Outcome | None
    """The release that began in it and served."""
    waiting: str = ""
    """The version that was ready by its end and did not serve; empty if there was nothing new."""


def by_calendar(
    calendar: ReleaseCalendar, offer: Offer | None, outside: Outcome | None, now: datetime
) -> Judgement:
    """Judge a row with days by the last window that is over, and by a release *outside* of all windows."""
    system = calendar.system
    following = calendar.next_after(now)
    next_due = following.due_at if following is not None else None
    if outside is not None:
        code = "release-rows.outside-without-cause"
        said = Message(code, number=outside.number, began=_at(outside.began_at, system), cause=outside.cause)
        return Judgement(Verdict.DEVIATING, said, _last(offer, system), next_due, outside.proof)
    if offer is None:
        return Judgement(Verdict.NOT_DUE, Message("release-rows.no-date-yet"), next_due=next_due)
    day, released = offer.window.due_at.astimezone(system.zone).date(), offer.released
    if released is not None:
        said = Message("release-rows.released-on-its-day", number=released.number, version=released.version)
        return Judgement(Verdict.CONFORMING, said, _last(offer, system), next_due, released.proof)
    if offer.waiting:
        said = Message("release-rows.not-released", day=day, version=offer.waiting)
        return Judgement(Verdict.NOT_PERFORMED, said, NOTHING, next_due)
    return Judgement(Verdict.NOT_DUE, Message("release-rows.nothing-new", day=day), NOTHING, next_due)


def _last(offer: Offer | None, system: System) -> Message:
    if offer is None or offer.released is None:
        return NOTHING
    released = offer.released
    return Message("release-rows.version-at", version=released.version, at=_at(released.began_at, system))


def by_cause(patches: Sequence[Outcome], system: System) -> Judgement:
    """Judge a row of patches: each cites what it mends. *patches*: the newest first."""
    if not patches:
        return Judgement(Verdict.NOT_DUE, Message("release-rows.no-patch-yet"))
    newest = patches[0]
    value = Message("release-rows.version-at", version=newest.version, at=_at(newest.began_at, system))
    for each in patches:
        if not cites(each.cause):
            said = Message("release-rows.cites-nothing", number=each.number, cause=each.cause)
            return Judgement(Verdict.DEVIATING, said, value, proof=each.proof)
    said = Message("release-rows.cites", number=newest.number, cause=cites(newest.cause))
    return Judgement(Verdict.CONFORMING, said, value, proof=newest.proof)


@dataclass(frozen=True, slots=True)
class Cause:
    """How the search for the cause of a rollback stands; see `verifying`."""

    is_done: bool | None
    """None while there is time for it."""
    said: Message


@dataclass(frozen=True, slots=True)
class DrillDate:
    """When the rollback is rehearsed."""

    next_due: datetime | None = None
    missed_at: datetime | None = None
    """The date of the last drill, if it was not held."""
    why: Message = NOTHING


def by_rollback(
    newest: Outcome | None,
    within: timedelta | None,
    cause: Cause | None,
    drill: DrillDate,
    system: System,
) -> Judgement:
    """Judge the procedure by the newest rollback or drill; *within*: what the document promises."""
    if drill.missed_at is not None and (newest is None or newest.ordered_at < drill.missed_at):
        said = Message("release-rows.drill-not-held", due=_at(drill.missed_at, system), why=drill.why)
        return Judgement(Verdict.NOT_PERFORMED, said, next_due=drill.next_due)
    if newest is None:
        code = "release-rows.no-rollback-yet" if drill.next_due else "release-rows.no-drill-planned"
        return Judgement(Verdict.NOT_DUE, Message(code), next_due=drill.next_due)
    found = _rollback(newest, within, cause, system)
    return replace(found, next_due=drill.next_due, proof=_rollback_proof(newest, within))


def _rollback(newest: Outcome, within: timedelta | None, cause: Cause | None, system: System) -> Judgement:
    value = stopwatch(newest, system)
    if newest.state in ("failed", "aborted"):
        said = Message("release-rows.rollback-failed", number=newest.number, why=newest.note)
        return Judgement(Verdict.DEVIATING, said, value)
    took = _between(newest.decided_at, newest.served_at)
    if within is not None and (took is None or took > within):
        said = Message("release-rows.rollback-too-slow", number=newest.number, within=length(within))
        return Judgement(Verdict.DEVIATING, sentences(said, _phases(newest)), value)
    if newest.checked_at is None:
        said = Message("release-rows.rollback-not-checked", number=newest.number)
        return Judgement(Verdict.DEVIATING, said, value)
    if cause is not None and cause.is_done is False:
        return Judgement(Verdict.NOT_PERFORMED, cause.said, value)
    reason = sentences(_phases(newest), cause.said if cause is not None else NOTHING)
    return Judgement(Verdict.CONFORMING, reason, value)


def _rollback_proof(newest: Outcome, within: timedelta | None) -> Mapping[str, object]:
    took = _between(newest.decided_at, newest.served_at)
    return {
        **newest.proof,
        "kind": newest.kind,
        "seconds": f"{took.total_seconds():.3f}" if took is not None else "",
        "limit_seconds": f"{within.total_seconds():.3f}" if within is not None else "",
    }


def stopwatch(outcome: Outcome, system: System) -> Message:
    """Return how long the way back took, and when that was; nothing if it never came to an end."""
    took = _between(outcome.decided_at, outcome.served_at)
    if took is None:
        return NOTHING
    day = outcome.ordered_at.astimezone(system.zone).date()
    return Message(f"release-rows.{_kind(outcome)}-took", took=_seconds(took), day=day)


def _phases(outcome: Outcome) -> Message:
    """Return how long each part took: detection, decision, the way back, the check."""
    parts = {
        "release-rows.detected-to-decided": _between(outcome.detected_at, outcome.decided_at),
        "release-rows.decided-to-serving": _between(outcome.decided_at, outcome.served_at),
        "release-rows.serving-to-checked": _between(outcome.served_at, outcome.checked_at),
    }
    return Message(
        "release-rows.phases",
        phases=[Message(code, took=_seconds(each)) for code, each in parts.items() if each is not None],
    )


def _kind(outcome: Outcome) -> str:
    return "drill" if outcome.kind == "drill" else "rollback"


def _between(start: datetime | None, end: datetime | None) -> timedelta | None:
    return end - start if start is not None and end is not None else None


def _seconds(took: timedelta) -> Message:
    return Message("common.seconds", count=f"{took.total_seconds():,.1f}")


def _at(moment: datetime | None, system: System) -> datetime | None:
    return moment.astimezone(system.zone) if moment is not None else None
