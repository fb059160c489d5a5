"""E-mail by SMTP."""

from collections.abc import Iterable

from toban.design.values.people import ChannelKind
from toban.engine.notify.channels.email.channel import Email
from toban.engine.notify.channels.email.config import EmailConfig
from toban.engine.notify.delivery.channel import Transport, Undelivered
from toban.message import Message, message_of


def _doubts(config: EmailConfig) -> Iterable[Message]:
    try:
        Email(config).greet()
    except Undelivered as error:
        yield message_of(error)


TRANSPORT = Transport(config=EmailConfig, reaches=ChannelKind.EMAIL, build=Email, doubts=_doubts)
