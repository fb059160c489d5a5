"""E-mail by SMTP."""

from collections.abc import Iterable

from toban.design.values.people import ChannelKind
from toban.engine.notify.channels.email.channel import Email
from toban.engine.notify.channels.email.config import EmailConfig
from toban.engine.notify.delivery.channel import Transport, Undelivered


def _doubts(config: EmailConfig) -> Iterable[str]:
    try:
        Email(config).greet()
    except Undelivered as error:
        yield str(error)


TRANSPORT = Transport(config=EmailConfig, reaches=ChannelKind.EMAIL, build=Email, doubts=_doubts)
