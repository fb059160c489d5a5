"""The channels of the edition in force, each sending in a thread of its own."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from threading import Thread
from typing import Any

import structlog
from django.db import connections

from toban.engine.clock import Clock
from toban.engine.editions.edition import Edition
from toban.engine.notify.delivery import attempts
from toban.engine.notify.delivery.attempts import Outbox
from toban.engine.notify.delivery.change_outbox import CHANGES
from toban.engine.notify.delivery.channel import CHANNEL_KINDS, Channel, TakesChanges
from toban.engine.notify.delivery.lead import NotLeading
from toban.engine.notify.delivery.outbox import NOTICES

OUTBOXES: tuple[Outbox[Any, Any], ...] = (NOTICES, CHANGES)

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _ChannelPost:
    """A channel, and the thread that is sending through it now."""

    channel: Channel
    per_turn: int
    """How many messages it accepts per turn of the loop, which takes a second."""
    thread: Thread | None = None

    @property
    def is_busy(self) -> bool:
        return self.thread is not None and self.thread.is_alive()


class Posts:
    """The channels of the edition in force, each sending in a thread of its own: none waits for another."""

    def __init__(self, clock: Clock, permit: Callable[[], None]) -> None:
        self._clock = clock
        self._permit = permit
        self._edition: Edition | None = None
        self._posts: dict[str, _ChannelPost] = {}

    def adopt(self, edition: Edition) -> None:
        """Send through the channels of *edition* from now on."""
        if edition is self._edition:
            return
        self._edition = edition
        # One thread at a time sends through a channel, even if it belongs to a previous edition.
        sending = {name: post.thread for name, post in self._posts.items() if post.is_busy}
        self._posts = {}
        for name, bound in edition.bindings.channels.items():
            transport = edition.kinds.of(CHANNEL_KINDS)[bound.kind]
            self._posts[name] = _ChannelPost(
                transport.build(bound.config), transport.per_turn, sending.get(name)
            )

    def send(self) -> None:
        """Start sending through each channel that something is due for and is not sending; return at once."""
        now = self._clock()
        # Each thread has a connection of its own to the state: most turns open none.
        due = {name for outbox in OUTBOXES for name in attempts.channels_due(outbox, now)}
        for name, post in self._posts.items():
            if name in due and not post.is_busy:
                post.thread = Thread(target=self._through, args=(name, post), daemon=True)
                post.thread.start()

    def _through(self, name: str, post: _ChannelPost) -> None:
        try:
            deliver = partial(
                attempts.deliver_due, clock=self._clock, most=post.per_turn, permit=self._permit
            )
            deliver(NOTICES, name, post.channel)
            if isinstance(post.channel, TakesChanges):
                deliver(CHANGES, name, post.channel)
        except NotLeading:
            log.info("sending_left_to_another", channel=name)
        except Exception:
            # The thread's own boundary: the next turn tries again.
            log.exception("delivering_failed", channel=name)
        finally:
            connections.close_all()
