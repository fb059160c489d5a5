"""Watching the watcher: a heartbeat to an outside URL, for as long as the pipeline works.

The receiver (Healthchecks, Dead Man's Snitch, another Toban) raises an alert when the heartbeat stops: the
one alert that this Toban can't raise itself.
"""

from datetime import datetime, timedelta

import structlog

from toban.engine.bindings.model import HeartbeatBinding
from toban.engine.bindings.secret import SecretUnavailable
from toban.engine.notify.channels.http import HttpChannelConfig, Poster, secret_parts
from toban.engine.notify.delivery.channel import Undelivered
from toban.message import message_of

LATE = timedelta(seconds=30)
"""The alerts are looked at every second: after this time without a look, the pipeline does not work."""

log = structlog.get_logger(__name__)


class Heartbeat:
    """Sends a heartbeat at regular intervals. One thread drives it."""

    def __init__(self) -> None:
        self._sent_at: datetime | None = None

    def beat(self, binding: HeartbeatBinding, looked_at: datetime | None, now: datetime) -> bool:
        """Send if it is time and the pipeline's last look, *looked_at*, is recent; return whether it did.

        Failures are only logged: the receiver has to notice the missing heartbeat.
        """
        # `abs`: the last one may lie in the future, as a clock may have been set back.
        if self._sent_at is not None and abs(now - self._sent_at) < binding.every:
            return False
        if looked_at is None or now - looked_at > LATE:
            log.error("heartbeat_withheld", looked_at=looked_at.isoformat() if looked_at else None)
            return False
        try:
            url = binding.url.reveal()
            poster = Poster("heartbeat", HttpChannelConfig(timeout=binding.timeout), binding.plain_hosts)
            reply = poster.post(url, {"alive": now.isoformat()})
            if reply.status // 100 != 2:
                raise poster.refuse(reply, *secret_parts(url))
        except (Undelivered, SecretUnavailable) as failure:
            log.warning("heartbeat_unsent", reason=message_of(failure).as_json())
            return False
        self._sent_at = now
        return True
