"""What people do with a timeline: add a line, amend it, hide it. What stood there before stays. Audited."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from django.db import transaction

from toban.chapters.incident.declaring.records import note_writer
from toban.chapters.incident.found import incident_numbered, locked
from toban.chapters.incident.models import Incident, TimelineEdit, TimelineEntry
from toban.chapters.incident.timeline.kinds import EntryKind
from toban.engine.approvals.answers import from_shell
from toban.engine.changes.recorded import LONGEST_URL, is_link
from toban.engine.evidence import ledger
from toban.engine.notify.orders import audit
from toban.engine.orders import NotPossible
from toban.message import Message, plain
from toban.text import printable_lines, storable_text

LONGEST_TEXT, LONGEST_SOURCE = 2_000, 150
REPORTED = "report/"
"""Before the keys of users' reports that have joined; why they have follows."""
MOST_NOTES = 2_000
"""Lines that people may add to one incident: a chat without an end is no timeline."""
_EARLIEST, _AHEAD = timedelta(days=30), timedelta(minutes=5)
"""How long before its beginning a line may be, and by how much somebody's clock may be ahead."""


@dataclass(frozen=True, slots=True)
class WantedLine:
    """A line that somebody wants to add."""

    text: str
    at: datetime | None = None
    """When it was; None: now."""
    source: str = ""
    """Where it comes from, if it could arrive twice: the id of a chat message."""
    url: str = ""
    """Of that message."""
    report: str = ""
    """The subject, if it is a user's report; then the text may be empty."""
    reason: str = ""
    """Why that report joins the incident, a `declaring.reporting.ReportReason`."""

    @property
    def key(self) -> str:
        """The key of its line: another one for each line that can arrive only once."""
        if self.report:
            return f"{REPORTED}{self.reason}/{uuid4().hex}"
        return f"chat/{self.source[:LONGEST_SOURCE]}" if self.source else f"note/{uuid4().hex}"

    @property
    def said(self) -> str:
        """What it says; raises `NotPossible` if that is nothing, or too much."""
        if not self.report:
            return _text(self.text)
        return f"{self.report}\n{_text(self.text)}" if self.text.strip() else self.report


def add(
    incident: int, wanted: WantedLine, *, by: str, now: datetime, shell_user: str = "", token_maker: str = ""
) -> TimelineEntry:
    """Add a line; the same *source* a second time changes nothing. Raises `NotPossible`.

    *shell_user* is the user of the operating system, for a command on the server; *token_maker*
    the same, for a token that a command on the server made. Whoever writes here
    approves no report of the incident.
    """
    text, key = wanted.said, wanted.key
    with transaction.atomic():
        ledger.hold()
        found = incident_numbered(incident)
        known = found.timeline.filter(key=key).first()
        if known is not None:
            return known
        if found.timeline.filter(kind=EntryKind.NOTE).count() >= MOST_NOTES:
            raise NotPossible(Message("incident-reports.too-many-notes", most=MOST_NOTES))
        at = _time(found, wanted.at or now, now)
        made = TimelineEntry.objects.create(
            incident=found,
            key=key,
            kind=EntryKind.NOTE,
            at=at,
            said=plain(text),
            by=by[:150],
            url=wanted.url if _is_link(wanted.url) else "",
        )
        content = {"order": "add-timeline-entry", **_named(made), "said": text, "at": at.isoformat()}
        audit({**content, **from_shell(shell_user)}, by, now, found.clause_id)
        note_writer(found, by, shell_user or token_maker)
    return made


def amend(
    entry: int,
    *,
    text: str | None = None,
    at: datetime | None = None,
    by: str,
    now: datetime,
    shell_user: str = "",
    token_maker: str = "",
) -> TimelineEntry:
    """Give a line another text, or another time; raise `NotPossible`."""
    with transaction.atomic():
        found = _entry(entry)
        said = found.said if text is None else plain(_text(text))
        moment = found.at if at is None else _time(found.incident, at, now)
        if (said, moment) == (found.said, found.at):
            raise NotPossible(Message("incident-reports.nothing-amended"))
        _keep_former(found, by, now)
        before = {"said": found.said.as_json(), "at": found.at.isoformat()}
        found.said, found.at, found.is_amended = said, moment, True
        found.save(update_fields=["said", "at", "is_amended"])
        after = {"said": said.as_json(), "at": moment.isoformat()}
        content = {"order": "amend-timeline-entry", **_named(found), "before": before, "after": after}
        audit({**content, **from_shell(shell_user)}, by, now, found.incident.clause_id)
        note_writer(found.incident, by, shell_user or token_maker)
    return found


def hide(entry: int, *, by: str, now: datetime, shell_user: str = "", token_maker: str = "") -> TimelineEntry:
    """Have a line left out of exports and reports; it stays, and can be shown again."""
    with transaction.atomic():
        found = _hidden(entry, by, now, is_hidden=True)
        content = {"order": "hide-timeline-entry", **_named(found), **from_shell(shell_user)}
        audit(content, by, now, found.incident.clause_id)
        note_writer(found.incident, by, shell_user or token_maker)
    return found


def show(entry: int, *, by: str, now: datetime, shell_user: str = "", token_maker: str = "") -> TimelineEntry:
    """Show a hidden line again."""
    with transaction.atomic():
        found = _hidden(entry, by, now, is_hidden=False)
        content = {"order": "show-timeline-entry", **_named(found), **from_shell(shell_user)}
        audit(content, by, now, found.incident.clause_id)
        note_writer(found.incident, by, shell_user or token_maker)
    return found


def _hidden(entry: int, by: str, now: datetime, *, is_hidden: bool) -> TimelineEntry:
    found = _entry(entry)
    if found.is_hidden is is_hidden:
        raise NotPossible(Message("incident-reports.nothing-amended"))
    _keep_former(found, by, now)
    found.is_hidden = is_hidden
    found.save(update_fields=["is_hidden"])
    return found


def _keep_former(found: TimelineEntry, by: str, now: datetime) -> None:
    TimelineEdit.objects.create(
        entry=found,
        at=now,
        by=by[:150],
        said=found.said,
        happened_at=found.at,
        was_hidden=found.is_hidden,
    )


def _entry(number: int) -> TimelineEntry:
    missing = Message("incident-reports.no-such-entry", number=number)
    return locked(TimelineEntry.objects.all(), number, missing)


def _text(written: str) -> str:
    text = printable_lines(storable_text(written.strip()))
    if not text:
        raise NotPossible(
            Message("incident-reports.text-missing"), Message("incident-reports.say-what-happened")
        )
    if len(text) > LONGEST_TEXT:
        raise NotPossible(Message("incident-reports.text-too-long", longest=LONGEST_TEXT))
    return text


def _time(incident: Incident, at: datetime, now: datetime) -> datetime:
    if at.tzinfo is None or not incident.began_at - _EARLIEST <= at <= now + _AHEAD:
        raise NotPossible(Message("incident-reports.time-out-of-range", days=_EARLIEST.days))
    return min(at, now)


def _named(entry: TimelineEntry) -> Mapping[str, object]:
    return {"incident": entry.incident_id, "entry": entry.pk, "key": entry.key}


def _is_link(url: str) -> bool:
    return is_link(url) and len(url) <= LONGEST_URL
