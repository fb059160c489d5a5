"""Discovering hosts that come and go, alongside the measuring: results stay in force until the next look.

A failed look removes no host. A successful look that no longer finds a host ends its monitoring.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from queue import Empty, SimpleQueue
from threading import Thread

import structlog

from toban.chapters.monitoring.discovery import DiscoveredHost, Discovery, DiscoveryKind, Undiscovered
from toban.chapters.monitoring.measuring.feeds import Feed, Find
from toban.engine.bindings.model import BoundDiscovery, KindBinding
from toban.engine.bindings.template import Unfilled
from toban.engine.clock import Clock
from toban.message import NOTHING, Message, listing, message_of

_SHORTEST = timedelta(seconds=5)
"""The minimum time between two looks, even if a host that does not answer calls for one."""
_OVERDUE = timedelta(seconds=30)
"""A look that takes longer has exceeded every timeout: it hangs."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class DiscoveryOutlook:
    """What is known about the discovered hosts of a target."""

    label: str
    """Where they are looked up."""
    since: datetime
    """The time from which silence counts."""
    is_known: bool
    """Whether every discovery has succeeded at least once; otherwise there may be hosts nobody has seen."""
    trouble: Message = NOTHING
    """Why some of them may not be seen, or that there are none."""


@dataclass(frozen=True, slots=True)
class LookoutResult:
    """The result of one look: the hosts as feeds, or None and the reason."""

    feeds: tuple[Feed, ...] | None
    trouble: Message = NOTHING


@dataclass(slots=True, eq=False)
class _DiscoveryPost:
    """One discovery and its results."""

    find: Find
    discovery: Discovery
    since: datetime
    asked_at: datetime | None = None
    begun: int = 0
    """How many looks have begun; all but the last have ended, and that one too unless busy."""
    is_busy: bool = False
    is_retired: bool = False
    is_wanted: bool = False
    feeds: tuple[Feed, ...] | None = None
    trouble: Message = NOTHING

    def is_due(self, now: datetime) -> bool:
        if self.is_busy:
            return False
        wait = _SHORTEST if self.is_wanted else self.find.discovery.bound.config.every
        # Nor if that is in the future: the clock may have been set back.
        return self.asked_at is None or not timedelta() <= now - self.asked_at < wait

    def hangs(self, now: datetime) -> bool:
        """Say whether the look has exceeded every timeout."""
        return self.is_busy and self.asked_at is not None and now - self.asked_at >= _OVERDUE


class Lookout:
    """All discoveries in force. One thread drives it; the looks happen in other threads."""

    def __init__(self, kinds: Mapping[str, DiscoveryKind], clock: Clock) -> None:
        self._kinds = kinds
        self._clock = clock
        self._posts: dict[tuple[str, int], _DiscoveryPost] = {}
        self._looks: SimpleQueue[tuple[_DiscoveryPost, LookoutResult]] = SimpleQueue()

    def adopt(self, finds: Sequence[Find]) -> None:
        """Discover by *finds* from now on. Unchanged ones keep their results."""
        former, now = self._posts, self._clock()
        self._posts = {}
        for find in finds:
            post = former.get((find.target, find.position))
            if post is None or not _is_same(post.find.discovery, find.discovery):
                bound = find.discovery.bound
                post = _DiscoveryPost(find, self._kinds[bound.kind].build(bound.config), now)
            elif post.find != find:
                # Only the period changed: the hosts stay.
                post.find, post.feeds = find, _with_period(post.feeds, find.period)
            self._posts[find.target, find.position] = post
        for post in former.values():
            post.is_retired = post not in self._posts.values()

    def leave(self) -> None:
        """Forget the hosts that were found: another worker looks from now on, and may find others."""
        for post in self._posts.values():
            post.is_retired = True
        self._posts = {}

    def feeds(self) -> list[Feed]:
        """Return a feed for every discovered host."""
        return [feed for post in self._posts.values() for feed in post.feeds or ()]

    def outlooks(self) -> Mapping[str, DiscoveryOutlook]:
        """Return, by target, what is known about its discovered hosts."""
        by_target: dict[str, list[_DiscoveryPost]] = {}
        for post in self._posts.values():
            by_target.setdefault(post.find.target, []).append(post)
        now = self._clock()
        return {target: _outlook(posts, now) for target, posts in by_target.items()}

    def ask(self, now: datetime) -> None:
        """Start every look that is due."""
        for post in self._posts.values():
            if post.is_due(now):
                post.is_busy, post.asked_at, post.is_wanted = True, now, False
                post.begun += 1
                name = f"look {post.discovery.place}"
                Thread(target=self._look, args=(post,), name=name, daemon=True).start()

    def take(self) -> bool:
        """Process the results of looks; say whether the hosts have changed."""
        is_changed = False
        while True:
            try:
                post, seen = self._looks.get_nowait()
            except Empty:
                return is_changed
            post.is_busy = False
            if not post.is_retired:
                is_changed |= _take(post, seen)

    def looks(self, feed: Feed) -> int:
        """Return how many looks for the host of *feed* have begun; unlike a clock, this never jumps."""
        post = self._post_of(feed)
        return post.begun if post is not None else 0

    def has_looked(self, feed: Feed, since: int) -> bool:
        """Say whether the host of *feed* was looked up after *since* looks; if not, request a look soon.

        A hanging look is not waited for.
        """
        post = self._post_of(feed)
        if post is None or post.begun - post.is_busy > since or post.hangs(self._clock()):
            return True
        post.is_wanted = True
        return False

    def listen_anew(self, now: datetime) -> None:
        """Count silence from *now* on."""
        for post in self._posts.values():
            post.since = now

    def _post_of(self, feed: Feed) -> _DiscoveryPost | None:
        return self._posts.get((feed.target, feed.position)) if feed.host else None

    def _look(self, post: _DiscoveryPost) -> None:
        """Run in the look's own thread."""
        try:
            seen = seen_of(post.find, post.discovery.look())
        except Undiscovered as error:
            seen = LookoutResult(None, message_of(error))
        except Exception as error:
            # A faulty discovery must not leave its post busy for ever.
            log.exception("discovery_failed", target=post.find.target, place=post.discovery.place)
            seen = LookoutResult(None, Message("monitoring.discovery-failed", error=type(error).__name__))
        self._looks.put((post, seen))


def seen_of(find: Find, hosts: Sequence[DiscoveredHost]) -> LookoutResult:
    """Return a feed for each of *hosts*, and a reason for those that can't be measured."""
    template, line = find.discovery.template, find.discovery.bound.line
    feeds, troubles = [], []
    for host in hosts:
        try:
            bound = KindBinding(template.kind, template.filled(host.values), line)
        except Unfilled as error:
            troubles.append(Message("monitoring.at-place", place=host.name, said=message_of(error)))
        else:
            feeds.append(Feed(find.target, bound, find.period, find.position, host.name))
    trouble = troubles[0] if troubles else NOTHING
    if troubles[1:]:
        trouble = Message("monitoring.and-more-hosts", first=trouble, count=len(troubles) - 1)
    return LookoutResult(tuple(feeds), trouble)


def _is_same(one: BoundDiscovery, other: BoundDiscovery) -> bool:
    """Say whether both discover the same hosts and measure them alike, wherever they are in the file."""
    places = [(each.bound.kind, each.bound.config, each.template) for each in (one, other)]
    return places[0] == places[1]


def _take(post: _DiscoveryPost, seen: LookoutResult) -> bool:
    """Apply *seen* to *post*; say whether its hosts have changed."""
    if seen.trouble and seen.trouble != post.trouble:
        reason = seen.trouble.as_json()
        log.warning("hosts_unseen", target=post.find.target, place=post.discovery.place, reason=reason)
    post.trouble = seen.trouble
    if seen.feeds is None or seen.feeds == post.feeds:
        return False
    before, now = ({each.host for each in feeds or ()} for feeds in (post.feeds, seen.feeds))
    log.info("hosts_found", target=post.find.target, came=sorted(now - before), left=sorted(before - now))
    post.feeds = seen.feeds
    return True


def _outlook(posts: Sequence[_DiscoveryPost], now: datetime) -> DiscoveryOutlook:
    first = posts[0]
    is_known = all(post.feeds is not None for post in posts)
    count = sum(len(post.feeds or ()) for post in posts)
    troubles = [told for post in posts if (told := _trouble(post, now))]
    if is_known and not count and not troubles:
        none = Message("monitoring.no-hosts-found")
        troubles = [Message("monitoring.at-place", place=first.discovery.place, said=none)]
    since = min(post.since for post in posts)
    return DiscoveryOutlook(first.discovery.place, since, is_known, listing(troubles))


def _trouble(post: _DiscoveryPost, now: datetime) -> Message:
    trouble = Message("monitoring.discovery-hangs") if post.hangs(now) else post.trouble
    if not trouble:
        return NOTHING
    if post.feeds:
        trouble = Message("monitoring.measuring-last-hosts", trouble=trouble, count=len(post.feeds))
    return Message("monitoring.at-place", place=post.discovery.place, said=trouble)


def _with_period(feeds: tuple[Feed, ...] | None, period: timedelta) -> tuple[Feed, ...] | None:
    if feeds is None:
        return None
    return tuple(Feed(each.target, each.bound, period, each.position, each.host) for each in feeds)
