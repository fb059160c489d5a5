"""What `toban init` proposes for notifications: who holds each role, and where each channel goes. Pure."""

from collections.abc import Iterator, Sequence

from toban.design.clauses.base import Clause
from toban.design.clauses.duty import DutyRole
from toban.design.clauses.monitoring import Monitor
from toban.design.clauses.notices import NotificationRule
from toban.design.reader import Design
from toban.design.values.people import ChannelKind, ChannelRef, Recipient, Role
from toban.engine.bindings import toml
from toban.engine.bindings.draft import BindingProposal, OpenTable
from toban.engine.bindings.model import LayerBinding, Person
from toban.engine.notify.delivery.channel import CHANNEL_KINDS, settings_for
from toban.engine.registry.kinds import Kinds
from toban.message import Message

_PERSON = {"name": "", "email": "", "slack": "", "account": ""}


def open_tables(design: Design, kinds: Kinds) -> Iterator[OpenTable]:
    """Yield the people and channels that the rows of *design* name."""
    yield from _people(design)
    yield from _duty(design)
    yield from _channels(design, kinds)


def _people(design: Design) -> Iterator[OpenTable]:
    asked: dict[str, Clause] = {}
    for duty in design.of(DutyRole):
        # People who take turns are reached by name, whoever's turn it is.
        for name in duty.rotation.people if duty.rotation is not None else (duty.role,):
            asked.setdefault(name, duty)
    for clause, recipients in _recipients(design):
        for recipient in recipients:
            if isinstance(recipient, Role):
                asked.setdefault(recipient.name, clause)
    for role, clause in asked.items():
        yield OpenTable(
            "people",
            role,
            [clause],
            [BindingProposal("", Person, _PERSON)],
            [Message("notify.who-holds-it")],
        )


def _duty(design: Design) -> Iterator[OpenTable]:
    """Yield the roles at which people could take turns: the document names none who do."""
    for duty in design.of(DutyRole):
        if duty.rotation is None:
            proposal = BindingProposal("", LayerBinding, {"people": [duty.role]})
            note = Message("notify.who-takes-turns")
            yield OpenTable("duty", duty.role, [duty], [proposal], [note], within="layers")


def _channels(design: Design, kinds: Kinds) -> Iterator[OpenTable]:
    transports = kinds.of(CHANNEL_KINDS)
    wanted: dict[str, Clause] = {}
    for clause, recipients in _recipients(design):
        for channel in recipients:
            if isinstance(channel, ChannelRef):
                wanted.setdefault(channel.kind, clause)
    for word, clause in wanted.items():
        settings = dict(settings_for(word, transports))
        if not settings:
            yield OpenTable("channels", "", [clause], [], [_unplaced(word)])
            continue
        kind = settings.pop("kind")
        note = Message("notify.where-to-connect", word=word)
        proposal = BindingProposal(kind, transports[kind].config, settings)
        # One that answers to a word by its settings is called by that word: there may be several.
        yield OpenTable("channels", word if settings else kind, [clause], [proposal], [note])


def _unplaced(word: str) -> Message:
    """Return the note for a channel that no registered kind serves: what can be done."""
    if isinstance(word, ChannelKind):
        return Message("notify.not-connectable", word=word)
    return Message("notify.no-channel-for-word", word=word, section=f"[channels.{toml.key(word)}]")


def _recipients(design: Design) -> Iterator[tuple[Clause, Sequence[Recipient]]]:
    """Yield the clauses that name recipients or channels, with what they name."""
    for rule in design.of(NotificationRule):
        yield rule, (*rule.recipients, *rule.channels)
    for monitor in design.of(Monitor):
        yield monitor, monitor.recipients
    for duty in design.of(DutyRole):
        yield duty, duty.channels
