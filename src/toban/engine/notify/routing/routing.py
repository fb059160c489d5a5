"""The first stage: the document's notification matrix and the bindings decide where a notification goes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from toban.design.clauses.notices import NotificationRule
from toban.design.values.delivery import DeliveryTiming
from toban.design.values.people import ChannelKind, ChannelRef, Placeholder, Recipient
from toban.design.values.severity import AlertLevel, IncidentSeverity
from toban.engine.notify.reason import NoticeReason
from toban.engine.notify.routing.contacts import BoundChannel, Contacts, folded
from toban.message import Message, plain

_SEVERITIES = {
    AlertLevel.CRITICAL: (IncidentSeverity.CRITICAL, IncidentSeverity.HIGH),
    AlertLevel.WARNING: (IncidentSeverity.MEDIUM, IncidentSeverity.HIGH, IncidentSeverity.LOW),
    AlertLevel.INFO: (IncidentSeverity.LOW,),
}
"""For a matrix written in incident severities (P1, High): the nearest one that has a row is used."""


@dataclass(frozen=True, slots=True)
class Route:
    """One place that a notification goes to, because of one row."""

    rule_id: str
    rule_citation: Message
    """Where the row is written, with a note if it is assumed."""
    recipients: tuple[str, ...]
    """The recipients: the document's words, or the people who hold those roles now."""
    way: BoundChannel
    addresses: tuple[str, ...]
    """The recipients' addresses on this way; one if each recipient has a place of their own."""
    reason: NoticeReason = NoticeReason.MATRIX_ROW
    timings: tuple[DeliveryTiming, ...] = ()
    """When it leaves: by the earliest of them; without any, at once."""

    @property
    def is_digest(self) -> bool:
        """Whether news may wait here for a digest."""
        return any(each.digest is not None for each in self.timings)

    @property
    def destination(self) -> str:
        """The key of the place: a place that has been notified needs no second message."""
        return self.way.name if self.way.is_shared else ":".join((self.way.name, *self.addresses))


@dataclass(frozen=True, slots=True)
class DeadEnd:
    """A recipient of a row who can't be reached, and how to fix that."""

    rule_id: str
    rule_citation: Message
    """Where the row is written, with a note if it is assumed."""
    recipient: str
    reason: NoticeReason
    detail: Message


@dataclass(frozen=True, slots=True)
class Routing:
    """The routes and dead ends of some rows."""

    routes: tuple[Route, ...] = ()
    dead_ends: tuple[DeadEnd, ...] = ()


def rules_for(rules: Sequence[NotificationRule], level: AlertLevel) -> tuple[NotificationRule, ...]:
    """Return the rows of the matrix that apply to *level*."""
    exact = tuple(rule for rule in rules if rule.level is level)
    if exact:
        return exact
    for severity in _SEVERITIES[level]:
        found = tuple(rule for rule in rules if rule.level is severity)
        if found:
            return found
    return ()


def orderer(matrix: Sequence[NotificationRule]) -> NotificationRule | None:
    """Return the row that orders a warning about Toban itself: the first for warnings, or else the first."""
    return next(iter((*rules_for(matrix, AlertLevel.WARNING), *matrix)), None)


def routing_of(rules: Iterable[NotificationRule], contacts: Contacts) -> Routing:
    """Follow every recipient of *rules* through every channel of its row; each place appears once."""
    routes: dict[str, Route] = {}
    dead_ends: list[DeadEnd] = []
    for rule in rules:
        for recipient in rule.recipients or rule.channels:
            for found in _follow(rule, recipient, contacts):
                if isinstance(found, DeadEnd):
                    dead_ends.append(found)
                else:
                    there = routes.get(found.destination)
                    routes[found.destination] = found if there is None else _joined(there, found)
    return Routing(tuple(routes.values()), tuple(dict.fromkeys(dead_ends)))


def _joined(one: Route, other: Route) -> Route:
    """Return one route for two recipients at the same place, which is notified as early as either."""
    recipients = dict.fromkeys((*one.recipients, *other.recipients))
    addresses = dict.fromkeys((*one.addresses, *other.addresses))
    timings = dict.fromkeys((*one.timings, *other.timings)) if one.timings and other.timings else ()
    return replace(one, recipients=tuple(recipients), addresses=tuple(addresses), timings=tuple(timings))


def _follow(rule: NotificationRule, recipient: Recipient, contacts: Contacts) -> Iterable[Route | DeadEnd]:
    match recipient:
        case Placeholder(text):
            detail = Message("notify.replace-placeholder", text=text)
            yield _dead_end(rule, text, NoticeReason.PLACEHOLDER, detail)
        case ChannelRef():
            yield _through(rule, _name(recipient), recipient, {}, contacts)
        case _:
            holders = contacts.holders(recipient.name)
            if not holders:
                section = f'[duty."{recipient.name}"]'
                detail = Message("notify.fill-duty", file=contacts.file, section=section)
                yield _dead_end(rule, recipient.name, NoticeReason.NOBODY_ON_DUTY, detail)
            for name in holders:
                yield from _to(rule, name, contacts)


def _to(rule: NotificationRule, name: str, contacts: Contacts) -> Iterable[Route | DeadEnd]:
    """Yield the row's routes to the person with *name* in `[people]`."""
    addresses = contacts.addresses(name)
    if addresses is None:
        section = f'[people."{name}"]'
        detail = Message("notify.write-section", file=contacts.file, section=section)
        yield _dead_end(rule, name, NoticeReason.UNBOUND_ROLE, detail)
        return
    placed = [each for each in rule.channels if _is_known(each, contacts.ways)]
    for channel in rule.channels:
        if channel not in placed:
            yield _through(rule, name, channel, addresses, contacts)
    for channel in placed or [ChannelRef(kind) for kind in addresses]:
        yield _through(rule, name, channel, addresses, contacts)


def _through(
    rule: NotificationRule,
    recipient: str,
    channel: ChannelRef,
    addresses: Mapping[str, str],
    contacts: Contacts,
) -> Route | DeadEnd:
    address = channel.address or addresses.get(channel.kind, "")
    way = _way(channel, address, contacts.ways)
    if way is None:
        if not _is_known(channel, contacts.ways):
            return _dead_end(
                rule, recipient, NoticeReason.UNKNOWN_CHANNEL, _unknown(channel.kind, contacts.file)
            )
        detail = _wanted(channel.kind, channel.address, contacts)
        return _dead_end(rule, recipient, NoticeReason.UNBOUND_CHANNEL, detail)
    address = address or addresses.get(way.kind, "")
    if not address and not way.is_shared:
        detail = Message(
            "notify.write-settings",
            file=contacts.file,
            section=f'[people."{recipient}"]',
            settings=(f'{_key(way.kind)} = "…"',),
        )
        return _dead_end(rule, recipient, NoticeReason.NO_ADDRESS, detail)
    return Route(
        rule.id,
        plain(str(rule.origin)),
        (recipient,),
        way,
        (address,) if address else (),
        timings=() if rule.delivery.is_at_once else (rule.delivery,),
    )


def _is_known(channel: ChannelRef, ways: Sequence[BoundChannel]) -> bool:
    """Return whether the reader knows the word, or a channel is bound under it."""
    return isinstance(channel.kind, ChannelKind) or _way(channel, "", ways) is not None


def _way(channel: ChannelRef, address: str, ways: Sequence[BoundChannel]) -> BoundChannel | None:
    """Return the bound channel with that exact name or of that kind.

    A channel that says where it posts accepts no notifications for another place.
    """
    word = folded(channel.word or channel.kind)
    if channel.word or not isinstance(channel.kind, ChannelKind):
        named = next((way for way in ways if folded(way.name) == word), None)
        if named is not None:
            return named
    of_word = [way for way in ways if folded(way.kind) == word]
    of_kind = of_word or [way for way in ways if way.kind == channel.kind]
    if address.startswith("#"):
        return next(
            (way for way in of_kind if way.posts_to == address),
            next((way for way in of_kind if not way.posts_to), None),
        )
    return of_kind[0] if of_kind else None


def _unknown(word: str, file: str) -> Message:
    return Message("notify.explain-word", word=word, file=file, section=f'[channels."{word}"]')


def _wanted(kind: str, place: str, contacts: Contacts) -> Message:
    settings = contacts.settings.get(kind)
    if not settings:
        return Message("notify.not-connectable", word=kind)
    written = [f'{name} = "{value}"' for name, value in settings.items()]
    if place.startswith("#"):
        written.append(f'channel = "{place}"')
    return Message("notify.write-settings", file=contacts.file, section="[channels.…]", settings=written)


def _key(kind: str) -> str:
    """Return the kind's name in `toban.toml`."""
    return kind.name.lower() if isinstance(kind, ChannelKind) else kind


def _name(channel: ChannelRef) -> str:
    return f"{channel.kind}{channel.address}"


def _dead_end(rule: NotificationRule, recipient: str, reason: NoticeReason, way_out: Message) -> DeadEnd:
    detail = Message("notify.dead-end", why=reason.said, recipient=recipient, way_out=way_out)
    return DeadEnd(rule.id, plain(str(rule.origin)), recipient, reason, detail)
