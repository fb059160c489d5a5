"""E-mail by SMTP."""

from toban.design.values.people import ChannelKind
from toban.engine.notify.channel import Transport
from toban.engine.notify.channels.email.channel import Email
from toban.engine.notify.channels.email.config import EmailConfig

TRANSPORT = Transport(config=EmailConfig, reaches=ChannelKind.EMAIL, build=Email)
