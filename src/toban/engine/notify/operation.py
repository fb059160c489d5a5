"""The operation of notifications: announce, deliver, watch both, and test the channels."""

from collections.abc import Iterator
from datetime import datetime
from functools import partial

from django.conf import settings

from toban.design.clauses.monitoring import ToolChoice
from toban.design.clauses.notices import NotificationRule
from toban.design.clauses.objectives import MaintenanceWindow
from toban.design.origin import Origin
from toban.design.values.tool_purpose import ToolPurpose
from toban.engine.editions.edition import Edition
from toban.engine.editions.tools import ToolBindings, tool_status
from toban.engine.evidence import status
from toban.engine.notify import overview
from toban.engine.notify.deciding import pipeline, traces
from toban.engine.notify.deciding.drills import drills_among
from toban.engine.notify.delivery import change_outbox, lifeline
from toban.engine.notify.delivery.channel import CHANNEL_KINDS, Channel
from toban.engine.notify.delivery.heartbeat import Heartbeat
from toban.engine.notify.delivery.lifeline import Lifeline
from toban.engine.notify.delivery.posts import Posts
from toban.engine.notify.duty import overrides
from toban.engine.notify.routing import matrix, tools
from toban.engine.notify.routing.contacts import Contacts, contacts_of
from toban.engine.operation import EditionLoop, Operation, Rows, WorkerShift, Workplace
from toban.engine.trial import Trial, TrialCode, quote_of
from toban.message import NOTHING, Message


def _plan(edition: Edition) -> Rows:
    design = edition.design
    rows = (*design.of(NotificationRule), *design.of(MaintenanceWindow), *_tools(edition))
    return Rows({row.id: NOTHING for row in rows})


def _tools(edition: Edition) -> list[ToolChoice]:
    """Return the rows that name what notifies."""
    return [row for row in edition.design.of(ToolChoice) if row.about is ToolPurpose.NOTIFYING]


class _Notices:
    """The loops of one worker."""

    def __init__(self, at: Workplace) -> None:
        self._at = at
        self._posts = Posts(at.clock, at.lead.require)
        self._lifeline, self._heartbeat = Lifeline(), Heartbeat()
        self._announced: Edition | None = None
        self._traces: traces.Traces | None = None
        self._posted_for: tuple[Edition, int | None] | None = None
        self._looked_at: datetime | None = None
        self._looks = 0

    def announce(self, edition: Edition, now: datetime) -> None:
        """Look at the alerts that are due, or at all when a new edition comes into force."""
        is_new, contacts = edition is not self._announced, _contacts(edition)
        current = traces.read(edition.design, contacts, now)
        if is_new or traces.asks_for_whole_look(self._traces, current):
            pipeline.announce(
                edition.design,
                contacts,
                now,
                everything=is_new,
                drills=drills_among(edition, self._at.ports),
            )
            self._announced, self._traces = edition, current
        self._looked_at = self._at.clock()
        self._looks += 1

    def deliver(self, edition: Edition, _now: datetime) -> None:
        """Let every channel send what is waiting for it."""
        self._posts.adopt(edition)
        self._posts.send()

    def post_changes(self, edition: Edition, now: datetime) -> None:
        """Post what changed to the channels that take it."""
        transports, contacts = edition.kinds.of(CHANNEL_KINDS), _contacts(edition)
        bound = edition.bindings.channels.items()
        taken = {name: transports[each.kind].changes(each.config) for name, each in bound}
        wanted = {name: kinds for name, kinds in taken.items() if kinds}
        # Until this worker led with this version, others may have been posted to.
        posts_for = edition, self._at.lead.term
        if not wanted and posts_for == self._posted_for:
            return
        languages = {way.name: contacts.language_for((), way) for way in contacts.ways}
        change_outbox.post(wanted, languages, now)
        self._posted_for = posts_for

    def beat(self, edition: Edition, now: datetime) -> None:
        """Send a heartbeat. Without a leader nobody is notified, so only the leader sends one."""
        if edition.bindings.heartbeat is not None:
            self._heartbeat.beat(edition.bindings.heartbeat, self._looked_at, now)

    def watch(self, edition: Edition, now: datetime) -> None:
        """Notify directly if the pipeline has stopped; beats that find another leader count as its pulse."""
        pulse = self._looks + self._at.lead.followed
        self._lifeline.look(edition.design, _contacts(edition), partial(_channel, edition), pulse, now)


def _hold(edition: Edition, now: datetime) -> None:
    """Show the windows in which notifications are held."""
    windows = edition.design.of(MaintenanceWindow)
    status.show(matrix.maintenance(windows, edition.bindings.system, now), now, edition.design.digest)


def _end_lost(_edition: Edition, now: datetime) -> None:
    overrides.end_lost(now)


def _compare(edition: Edition, now: datetime) -> None:
    """Show the rows that name what notifies."""
    rows, bindings = _tools(edition), edition.bindings
    if rows:
        bound = ToolBindings(
            edition.kinds.of(CHANNEL_KINDS),
            tools.heard(bindings.channels),
            bindings.file,
            '[channels."…"]',
        )
        status.show([tool_status(row, bound, now) for row in rows], now, edition.design.digest)


def _contacts(edition: Edition) -> Contacts:
    return contacts_of(
        edition.bindings,
        edition.kinds.of(CHANNEL_KINDS),
        settings.PUBLIC_URL,
        edition.design.language,
    )


def _channel(edition: Edition, name: str) -> Channel:
    bound = edition.bindings.channels[name]
    return edition.kinds.of(CHANNEL_KINDS)[bound.kind].build(bound.config)


def _shift(at: Workplace) -> WorkerShift:
    notices = _Notices(at)
    loops = (
        EditionLoop("announce", notices.announce, every=0.5, leads=True),
        EditionLoop("deputies", _end_lost, every=2.0, leads=True),
        EditionLoop("deliver", notices.deliver, every=1.0, leads=True),
        EditionLoop("post-changes", notices.post_changes, every=1.0, leads=True),
        EditionLoop("maintenance-rows", _hold, every=60.0),
        EditionLoop("notifying-tools", _compare, every=10.0),
        EditionLoop("heartbeat", notices.beat, every=5.0, leads=True),
        EditionLoop("lifeline", notices.watch, every=lifeline.EVERY, needs_state=False),
    )
    return WorkerShift(loops)


def _trials(edition: Edition, _now: datetime) -> Iterator[Trial]:
    for name, bound in edition.bindings.channels.items():
        yield Trial(
            TrialCode.CHANNEL,
            Message("notify.channel-trial", channel=name),
            Origin(edition.bindings.file, bound.line),
            quote_of("channels", name, bound),
            partial(edition.kinds.of(CHANNEL_KINDS)[bound.kind].doubts, bound.config),
            Message("notify.check-channels"),
        )


OPERATION = Operation(
    plan=_plan, shift=_shift, trials=_trials, figures=overview.figures, to_do=overview.to_do
)
