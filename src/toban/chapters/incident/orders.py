"""What people order about incidents. One transaction each, audited; `NotPossible` comes with a hint."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from toban.chapters.incident.declaring import following
from toban.chapters.incident.declaring.closing import why_not_closed
from toban.chapters.incident.declaring.declare import seen
from toban.chapters.incident.declaring.records import (
    give_level,
    new_incident,
    note_writer,
    record,
)
from toban.chapters.incident.declaring.rules import Proposal, SeenAlert, proposal_of
from toban.chapters.incident.declaring.stages import is_signed
from toban.chapters.incident.declaring.telling import names_of, tell, tell_raised
from toban.chapters.incident.models import Incident, IncidentAlert, StageDone
from toban.chapters.incident.plan import IncidentPlan
from toban.chapters.incident.timeline.amending import REPORTED
from toban.design.clauses.incident import IncidentLevel, IncidentScope
from toban.engine.approvals.answers import Giver, account_named, from_shell
from toban.engine.editions.edition import Edition
from toban.engine.evidence import ledger
from toban.engine.message_field import storable
from toban.engine.notify.models import Alert
from toban.engine.notify.orders import acknowledge_all
from toban.engine.orders import NotPossible
from toban.engine.people.access import may_order
from toban.message import NOTHING, Message, plain
from toban.text import printable_lines, storable_text

LONGEST_TITLE, LONGEST_WORDS, _MOST_TARGETS, _LONGEST_TARGET = 300, 4000, 50, 200
_EARLIEST = timedelta(days=366)
"""How long before its declaration an incident may have begun."""


@dataclass(frozen=True, slots=True)
class IncidentOrder:
    """Who orders, under which edition."""

    by: Giver
    edition: Edition
    plan: IncidentPlan


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """What somebody declares."""

    title: str
    level: str = ""
    """In the document's words; empty if they can't tell."""
    targets: Sequence[str] = ()
    alerts: Sequence[int] = ()
    """Open alerts that it is about, if it is declared from one."""
    began_at: datetime | None = None
    """When it was noticed, if that is known."""
    is_report: bool = False
    """Whether a user has reported it."""


def declare(said: Declaration, order: IncidentOrder, now: datetime) -> Incident:
    """Declare an incident: its clocks run at once, and those who are concerned are told."""
    _require_operator(order.by)
    title = title_of(said.title)
    if said.began_at is not None and said.began_at < now - _EARLIEST:
        raise NotPossible(
            Message("incident.began-too-early", days=_EARLIEST.days), Message("incident.when-noticed")
        )
    named = _level_named(said.level, order.plan) if said.level else None
    with transaction.atomic():
        ledger.hold()
        found = _free_alerts(said.alerts)
        targets = [*_targets(said.targets), *(each.about for each in found)]
        opened = [each.decided_at for each in found]
        incident = new_incident(
            order.plan,
            plain(title),
            Incident.Origin.REPORT if said.is_report else Incident.Origin.PERSON,
            detected_at=min((now, *opened)),
            began_at=min((said.began_at or now, now, *(each.began_at for each in found))),
            targets=[each for each in targets if each],
            now=now,
        )
        level, why = _propose(incident, found, order), incident.why
        if named is not None:
            level, why = named, Message("incident.level-by", by=order.by.name)
            incident.confirmed_at, incident.confirmed_by = now, order.by.name[:150]
        incident.save()
        _link(incident, found, order.by.name, now)
        by, design = order.by.name[:150], order.edition.design
        give_level(incident, level, why, plan=order.plan, design=design, now=now, by=by)
        # The title is theirs.
        note_writer(incident, order.by.name, order.by.behind)
        _record(incident, "incident-declared", order, now, note=why)
        told = Message("incident.told-declared", by=order.by.name, level=incident.level)
        tell(incident, order.plan, order.edition, "declared", told, now)
    return incident


def title_of(written: str) -> str:
    """Return the title of an incident as it is kept, on one line; raise `NotPossible` if it says nothing."""
    return _words(_one_line(written), "incident.title-missing", LONGEST_TITLE)


def take(number: int, order: IncidentOrder, now: datetime) -> Incident:
    """Take an incident on: its open alerts are acknowledged, and whoever takes it leads."""
    _require_operator(order.by)
    with transaction.atomic():
        incident = _locked(number)
        if incident.commander:
            raise NotPossible(
                Message("incident.is-taken", number=number, who=incident.commander),
                Message("incident.set-another-commander"),
            )
        incident.commander = order.by.name[:150]
        if incident.responded_at is None:
            incident.responded_at, incident.responded_by = now, order.by.name[:150]
        incident.save(update_fields=["commander", "responded_at", "responded_by"])
        unacknowledged = incident.joined.filter(alert__resolved_at=None, alert__acknowledged_at=None)
        joined = (each.alert for each in unacknowledged.select_related("alert"))
        if alerts := [each.pk for each in joined if not each.ends_with_review]:
            acknowledge_all(alerts, by=order.by.name[:150], now=now)
        _record(incident, "incident-taken", order, now)
    return incident


def confirm_level(number: int, level: str, reason: str, order: IncidentOrder, now: datetime) -> Incident:
    """Confirm the level of an incident, or give it another: from then on the rule only proposes.

    Another level than the one it has wants a reason. Its clocks count from the detection.
    """
    _require_operator(order.by)
    row = _level_named(level, order.plan)
    with transaction.atomic():
        incident, former = _locked(number), ""
        incident.confirmed_at, incident.confirmed_by = now, order.by.name[:150]
        if row.id == incident.clause_id and order.plan.document_digest == incident.document_digest:
            incident.save(update_fields=["confirmed_at", "confirmed_by"])
            _record(incident, "incident-level-confirmed", order, now, note=plain(reason.strip()))
            return incident
        former, why = incident.level, plain(_words(reason, "incident.reason-missing", LONGEST_WORDS))
        give_level(
            incident, row, why, plan=order.plan, design=order.edition.design, now=now, by=order.by.name[:150]
        )
        _record(incident, "incident-level", order, now, {"former": former}, why)
        tell_raised(incident, order.plan, order.edition, why, now)
    return incident


def merge(number: int, into: int, order: IncidentOrder, now: datetime) -> Incident:
    """Make an incident a part of another: that takes its alerts, the earlier detection, the graver level."""
    _require_operator(order.by)
    if number == into:
        raise NotPossible(Message("incident.same-incident", number=number))
    with transaction.atomic():
        # In the order of their numbers, so that two who merge do not wait for each other.
        held = {each: _locked(each) for each in sorted((number, into))}
        part, whole = held[number], held[into]
        part.joined.update(incident=whole, joined_at=now, joined_by=order.by.name[:150], reason="")
        part.merged_into, part.closed_at, part.closed_by = whole, now, order.by.name[:150]
        part.save(update_fields=["merged_into", "closed_at", "closed_by"])
        whole.targets = list(dict.fromkeys((*whole.targets, *part.targets)))
        # What they said about the part, when it began and what it concerns, is said about the whole.
        whole.writers = sorted({*whole.writers, *part.writers})
        whole.began_at = min(whole.began_at, part.began_at)
        answered = [each for each in (whole, part) if each.responded_at is not None]
        if answered:
            first = min(answered, key=lambda each: each.responded_at or now)
            whole.responded_at, whole.responded_by = first.responded_at, first.responded_by
        _rebase(whole, part, order, now)
        _record(part, "incident-merged", order, now, {"into": whole.pk})
    return whole


def split(number: int, alerts: Sequence[int], title: str, order: IncidentOrder, now: datetime) -> Incident:
    """Make some of an incident's alerts an incident of their own; *title* may be empty."""
    _require_operator(order.by)
    with transaction.atomic():
        incident = _locked(number)
        links = list(incident.joined.select_related("alert").filter(alert__in=list(alerts)).order_by("alert"))
        others = [seen(each.alert).about for each in incident.joined.exclude(alert__in=list(alerts))]
        if not links or not others:
            code = "incident.nothing-to-split" if not links else "incident.nothing-would-remain"
            raise NotPossible(Message(code, number=number), Message("incident.choose-alerts"))
        moved = [seen(each.alert) for each in links]
        made = new_incident(
            order.plan,
            plain(_text(_one_line(title))[:LONGEST_TITLE]) or moved[0].subject,
            Incident.Origin.ALERT,
            detected_at=min(each.alert.opened_at for each in links),
            began_at=min(each.began_at for each in moved),
            targets=[each.about for each in moved],
            now=now,
        )
        incident.joined.filter(alert__in=[each.alert_id for each in links]).update(
            incident=made, joined_at=now, joined_by=order.by.name[:150], reason=""
        )
        gone = {each.about for each in moved} - set(others)
        incident.targets = [each for each in incident.targets if each not in gone]
        incident.save(update_fields=["targets"])
        level = _propose(made, moved, order)
        made.is_drill = incident.is_drill
        made.save()
        give_level(made, level, made.why, plan=order.plan, design=order.edition.design, now=now)
        if title.strip():
            note_writer(made, order.by.name, order.by.behind)
        _record(made, "incident-split", order, now, {"from": incident.pk})
    return made


def split_report(number: int, entry: int, order: IncidentOrder, now: datetime) -> Incident:
    """Make a user's report that has joined an incident one of its own, whose clocks count from the report."""
    _require_operator(order.by)
    with transaction.atomic():
        incident = _locked(number)
        line = incident.timeline.filter(pk=entry, key__startswith=REPORTED).first()
        if line is None:
            raise NotPossible(
                Message("incident.no-such-report", number=number), Message("incident.see-the-page")
            )
        made = new_incident(
            order.plan,
            plain(title_of(str(line.said).partition("\n")[0])),
            Incident.Origin.REPORT,
            detected_at=line.at,
            began_at=line.at,
            targets=(),
            now=now,
        )
        level = _propose(made, (), order)
        made.save()
        # As the first line of the new one it has joined nothing.
        line.incident, line.key = made, f"note/{line.key.rpartition('/')[2]}"
        line.save(update_fields=["incident", "key"])
        note_writer(made, line.by)
        give_level(made, level, made.why, plan=order.plan, design=order.edition.design, now=now)
        _record(made, "incident-split", order, now, {"from": incident.pk, "entry": line.pk})
        told = Message("incident.told-declared", by=order.by.name, level=made.level)
        tell(made, order.plan, order.edition, "declared", told, now)
    return made


def set_people(
    number: int,
    order: IncidentOrder,
    now: datetime,
    *,
    commander: str | None = None,
    scribe: str | None = None,
) -> Incident:
    """Say who leads and who writes, by the names of their accounts; None leaves it as it is, "" nobody."""
    _require_operator(order.by)
    with transaction.atomic():
        incident = _locked(number)
        for role, name in (("commander", commander), ("scribe", scribe)):
            if name is None or name == getattr(incident, role):
                continue
            if name:
                account_named(name)
            setattr(incident, role, name)
            if only := names_of(name, order.edition):
                said = Message(f"incident.told-{role}", by=order.by.name)
                key = f"{role}/{now.isoformat()}"
                tell(incident, order.plan, order.edition, key, said, now, only=only)
        incident.save(update_fields=["commander", "scribe"])
        people = {"commander": incident.commander, "scribe": incident.scribe}
        _record(incident, "incident-people", order, now, people)
    return incident


def finish_stage(number: int, step: int, note: str, order: IncidentOrder, now: datetime) -> StageDone:
    """Sign a step of the flow; *step* is its place, from 1. Steps that evidence proves are not signed."""
    _require_operator(order.by)
    flow = order.plan.flow
    if flow is None or not 1 <= step <= len(flow.steps):
        raise NotPossible(Message("incident.no-such-step", step=step), Message("incident.see-the-flow"))
    words = flow.steps[step - 1]
    if not is_signed(flow.stages, step):
        raise NotPossible(Message("incident.step-by-evidence", step=words), Message("incident.see-the-page"))
    said = _words(note, "incident.note-missing", LONGEST_WORDS)
    with transaction.atomic():
        incident = _locked(number)
        former = incident.stages.filter(words=words[:300]).first()
        if former is not None:
            who = former.by or Message("incident.by-evidence")
            raise NotPossible(Message("incident.step-is-done", step=words, by=who))
        done = StageDone.objects.create(
            incident=incident, step=step, words=words[:300], at=now, by=order.by.name[:150], said=plain(said)
        )
        more = {"step": step, "words": words}
        _record(incident, "incident-stage", order, now, more, plain(said))
    return done


def say_recovered(
    number: int, order: IncidentOrder, now: datetime, *, at: datetime | None = None
) -> Incident:
    """Say that an incident is over, and since when; only where nothing measures it."""
    _require_operator(order.by)
    with transaction.atomic():
        incident = _locked(number)
        if incident.recovered_at is not None:
            raise NotPossible(Message("incident.is-recovered", number=number))
        if following.is_measured(incident):
            raise NotPossible(
                Message("incident.is-measured", number=number), Message("incident.wait-for-monitors")
            )
        if at is not None and not incident.detected_at <= at <= now:
            raise NotPossible(Message("incident.recovered-when"), Message("incident.give-a-time-between"))
        incident.recovered_at = at or now
        incident.save(update_fields=["recovered_at"])
        # Nothing measures it: that it is over, and since when, is their word.
        note_writer(incident, order.by.name, order.by.behind)
        _record(incident, "incident-recovered", order, now)
    return incident


def publish(number: int, note: str, order: IncidentOrder, now: datetime, *, is_shown: bool) -> Incident:
    """Show an incident on the status page with *note*, or no longer."""
    _require_operator(order.by)
    said = _words(note, "incident.note-missing", LONGEST_WORDS) if is_shown else ""
    with transaction.atomic():
        incident = _locked(number, is_closed_too=True)
        if incident.is_drill and is_shown:
            raise NotPossible(Message("incident.drills-are-not-shown"))
        incident.is_public, incident.public_note = is_shown, said or incident.public_note
        incident.save(update_fields=["is_public", "public_note"])
        _record(incident, "incident-published", order, now, {"shown": is_shown}, plain(said))
    return incident


def tell_update(number: int, words: str, order: IncidentOrder, now: datetime) -> Incident:
    """Tell those who are concerned, by the matrix, how an incident stands."""
    _require_operator(order.by)
    said = plain(_words(words, "incident.note-missing", LONGEST_WORDS))
    with transaction.atomic():
        incident = _locked(number)
        incident.updated_at = now
        incident.save(update_fields=["updated_at"])
        _record(incident, "incident-update", order, now, note=said)
        tell(incident, order.plan, order.edition, f"update/{now.isoformat()}", said, now)
    return incident


def close(number: int, order: IncidentOrder, now: datetime) -> Incident:
    """Close an incident of which nothing is owed any more."""
    _require_operator(order.by)
    with transaction.atomic():
        incident = _locked(number)
        if (refusal := why_not_closed(incident)) is not None:
            raise refusal
        incident.closed_at, incident.closed_by = now, order.by.name[:150]
        done = set(incident.stages.values_list("words", flat=True))
        steps = order.plan.flow.steps if order.plan.flow is not None else ()
        incident.steps_left = [each for each in steps if each[:300] not in done]
        incident.save(update_fields=["closed_at", "closed_by", "steps_left"])
        _record(incident, "incident-closed", order, now, {"steps_left": incident.steps_left})
    return incident


def _record(
    incident: Incident,
    act: str,
    order: IncidentOrder,
    now: datetime,
    more: Mapping[str, object] | None = None,
    note: Message = NOTHING,
) -> None:
    """Append *act* to the evidence; whoever says something by it has written in the incident's reports."""
    if note:
        note_writer(incident, order.by.name, order.by.behind)
    record(incident, act, order.by.name, now, {**(more or {}), **from_shell(order.by.shell_user)}, note)


def _require_operator(by: Giver) -> None:
    if by.account is not None and not may_order(by.account):
        raise NotPossible(Message("incident.viewers-only-look"), Message("modes.who-moves"))


def _locked(number: int, *, is_closed_too: bool = False) -> Incident:
    """Return the incident, locked; the caller's transaction holds the ledger from now on."""
    ledger.hold()
    found = Incident.objects.select_for_update(of=("self",)).filter(pk=number).first()
    if found is None:
        raise NotPossible(Message("incident.no-such-incident", number=number), Message("incident.see-open"))
    if found.merged_into_id is not None:
        raise NotPossible(Message("incident.is-merged", number=number, into=found.merged_into_id))
    if found.closed_at is not None and not is_closed_too:
        raise NotPossible(Message("incident.is-closed", number=number), Message("incident.declare-anew"))
    return found


def _words(written: str, missing: str, longest: int) -> str:
    said = _text(written)[:longest]
    if not said:
        raise NotPossible(Message(missing), Message("incident.write-something"))
    return said


def _text(written: str) -> str:
    return printable_lines(storable_text(written.strip()))


def _one_line(written: str) -> str:
    return " ".join(written.split())


def _targets(names: Sequence[str]) -> list[str]:
    if len(names) > _MOST_TARGETS:
        raise NotPossible(Message("incident.too-many-targets", most=_MOST_TARGETS))
    return [storable_text(each.strip())[:_LONGEST_TARGET] for each in names]


def _level_named(name: str, plan: IncidentPlan) -> IncidentLevel:
    if (found := plan.level(name)) is None:
        known = [each.name for each in plan.levels]
        raise NotPossible(
            Message("incident.no-such-level", level=name), Message("incident.known-levels", levels=known)
        )
    return found


def _free_alerts(numbers: Sequence[int]) -> list[SeenAlert]:
    found = Alert.objects.select_related("incident_link").filter(pk__in=list(numbers), resolved_at=None)
    for each in found:
        if hasattr(each, "incident_link"):
            belongs = each.incident_link.incident_id
            raise NotPossible(
                Message("incident.alert-belongs", alert=each.pk, incident=belongs),
                Message("incident.merge-instead"),
            )
    if missing := set(numbers) - {each.pk for each in found}:
        raise NotPossible(Message("notify.no-such-alert", alert=min(missing)), Message("notify.see-alerts"))
    return [seen(each) for each in found]


def _link(incident: Incident, found: Sequence[SeenAlert], by: str, now: datetime) -> None:
    IncidentAlert.objects.bulk_create(
        IncidentAlert(incident=incident, alert_id=each.number, joined_at=now, joined_by=by[:150])
        for each in found
    )


def _propose(incident: Incident, found: Sequence[SeenAlert], order: IncidentOrder) -> IncidentLevel | None:
    """Note what the rule proposes for *found*: without any, that nobody said how much fails."""
    nothing = Proposal(IncidentScope.SLIGHT, Message("incident.nobody-said"))
    proposal = proposal_of(found) or nothing
    level = order.plan.level_of(proposal.scope)
    incident.proposed, incident.why = level.name[:100] if level is not None else "", storable(proposal.why)
    return level


def _rebase(whole: Incident, part: Incident, order: IncidentOrder, now: datetime) -> None:
    """Give *whole* the graver level of both, from the earlier detection."""
    plan = order.plan
    ranks = {each.name: place for place, each in enumerate(plan.levels)}
    lowest = len(ranks)
    graver = min((whole, part), key=lambda each: ranks.get(each.level, lowest))
    # What a person has confirmed stays.
    level = plan.level(whole.level if whole.confirmed_at is not None else graver.level)
    proposer = min((whole, part), key=lambda each: ranks.get(each.proposed, lowest))
    whole.proposed, whole.why = proposer.proposed, proposer.why
    is_earlier = part.detected_at < whole.detected_at
    whole.detected_at = min(whole.detected_at, part.detected_at)
    whole.save()
    if level is not None and (is_earlier or level.name != whole.level):
        why = Message("incident.merged-from", number=part.pk)
        give_level(whole, level, why, plan=plan, design=order.edition.design, now=now)
