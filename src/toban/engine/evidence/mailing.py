"""The head of the ledger, sent through a channel once a day: a mailbox keeps what nobody here can delete."""

from datetime import UTC, datetime

from django.conf import settings

from toban.design.values.severity import AlertLevel
from toban.engine.bindings.model import EvidenceBinding
from toban.engine.editions.edition import Edition
from toban.engine.evidence.anchors import NotAnchored
from toban.engine.evidence.ledger import LedgerHead, head
from toban.engine.evidence.models import SentHead
from toban.engine.notify.delivery.channel import CHANNEL_KINDS
from toban.engine.notify.delivery.notice import Notice, NoticeKind, NoticeMessages
from toban.engine.notify.routing.contacts import BoundChannel, Contacts, contacts_of
from toban.message import Message, plain

_KEY = "toban/evidence"


def send_head(edition: Edition, asked: EvidenceBinding, now: datetime) -> bool:
    """Send the ledger's head as *asked*, unless that was done today (UTC); False if there is no entry yet.

    Raises `Undelivered`, or `NotAnchored` if the bindings name no place to send it to.
    """
    today = now.astimezone(UTC).date()
    if SentHead.objects.filter(channel=asked.channel, day=today).exists():
        return True
    newest = head()
    if newest is None:
        return False
    transports = edition.kinds.of(CHANNEL_KINDS)
    contacts = contacts_of(edition.bindings, transports, settings.PUBLIC_URL, edition.design.language)
    way = next((each for each in contacts.ways if each.name == asked.channel), None)
    if way is None:
        raise NotAnchored(Message("evidence.channel-not-bound", file=contacts.file, channel=asked.channel))
    bound = edition.bindings.channels[way.name]
    notice = _notice(newest, contacts, way, asked, now)
    transports[bound.kind].build(bound.config).send(notice, _addresses(contacts, way, asked))
    SentHead.objects.update_or_create(
        channel=way.name, defaults={"day": today, "sequence": newest.sequence, "digest": newest.digest}
    )
    return True


def _addresses(contacts: Contacts, way: BoundChannel, asked: EvidenceBinding) -> tuple[str, ...]:
    address = (contacts.addresses(asked.to) or {}).get(way.kind, "")
    if address:
        return (address,)
    if way.is_shared:
        return ()
    raise NotAnchored(
        Message("evidence.nobody-to-send-to", file=contacts.file, channel=way.name, to=asked.to)
    )


def _notice(
    newest: LedgerHead, contacts: Contacts, way: BoundChannel, asked: EvidenceBinding, now: datetime
) -> Notice:
    language = contacts.language_for((asked.to,) if asked.to else (), way)
    subject = plain(contacts.system or "Toban")
    said = NoticeMessages(
        title=Message("evidence.head-of-day", subject=subject, day=now.astimezone(UTC).date()),
        subject=subject,
        facts=(
            (Message("evidence.fact-head"), plain(str(newest))),
            (Message("evidence.fact-verify"), plain(f"toban evidence verify --known {newest}")),
            (Message("evidence.fact-keep"), Message("evidence.keep-this-message")),
        ),
    )
    return Notice(
        key=f"{_KEY}/{newest.sequence}/{newest.digest[:16]}",
        alert_key=_KEY,
        kind=NoticeKind.FIRING,
        level=AlertLevel.INFO,
        title=said.title.in_language(language),
        facts=said.facts_in(language),
        citation=contacts.file,
        clause_text=f'[evidence] channel = "{way.name}"',
        subject=said.subject.in_language(language),
        began_at=now,
        at=now,
        language=language,
        messages=said,
    )
