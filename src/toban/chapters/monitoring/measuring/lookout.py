"""Looking for hosts that come and go, beside the measuring: what was found last stands until the next look.

A look that fails finds nobody gone. One that succeeds, and finds a host no more, ends what is said of it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from queue import Empty, SimpleQueue
from threading import Thread

import structlog

from toban.chapters.monitoring.discovery import Discovery, DiscoveryKind, Host, Undiscovered
from toban.chapters.monitoring.measuring.feeds import Feed, Find
from toban.engine.bindings.model import Bound
from toban.engine.bindings.model import Discovery as Discovered
from toban.engine.bindings.template import Unfilled
from toban.engine.clock import Clock

_SHORTEST = timedelta(seconds=5)
"""Between two looks, though a host that does not answer calls for one."""
_OVERDUE = timedelta(seconds=30)
"""A look that takes longer has outlasted every time-out: it hangs."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Outlook:
    """What is known of the hosts of a target that are looked for."""

    label: str
    """Where they are looked for."""
    since: datetime
    """Since when."""
    is_known: bool
    """Whether every look so far that must succeed once has: else hosts may be there that nobody sees."""
    trouble: str = ""
    """Why not all of them may be seen, or that there are none."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What one look gave: the hosts as feeds, or None and why not."""

    feeds: tuple[Feed, ...] | None
    trouble: str = ""


@dataclass(slots=True, eq=False)
class _Post:
    """One discovery and what it has seen."""

    find: Find
    discovery: Discovery
    since: datetime
    asked_at: datetime | None = None
    begun: int = 0
    """How many looks have begun, of which all have ended but the last while it is busy."""
    is_busy: bool = False
    is_retired: bool = False
    is_wanted: bool = False
    feeds: tuple[Feed, ...] | None = None
    trouble: str = ""

    def is_due(self, now: datetime) -> bool:
        if self.is_busy:
            return False
        wait = _SHORTEST if self.is_wanted else self.find.discovery.bound.config.every
        # Not within a time to come either: a clock may have been set back.
        return self.asked_at is None or not timedelta() <= now - self.asked_at < wait

    def hangs(self, now: datetime) -> bool:
        """Whether the look has outlasted every time-out."""
        return self.is_busy and self.asked_at is not None and now - self.asked_at >= _OVERDUE


class Lookout:
    """All discoveries in force. One thread drives it; the looking happens in others."""

    def __init__(self, kinds: Mapping[str, DiscoveryKind], clock: Clock) -> None:
        self._kinds = kinds
        self._clock = clock
        self._posts: dict[tuple[str, int], _Post] = {}
        self._looks: SimpleQueue[tuple[_Post, Seen]] = SimpleQueue()

    def adopt(self, finds: Sequence[Find]) -> None:
        """Look by *finds* from now on. What stays the same keeps what it has seen."""
        former, now = self._posts, self._clock()
        self._posts = {}
        for find in finds:
            post = former.get((find.target, find.position))
            if post is None or not _is_same(post.find.discovery, find.discovery):
                bound = find.discovery.bound
                post = _Post(find, self._kinds[bound.kind].build(bound.config), now)
            elif post.find != find:
                # Another period: the hosts stay.
                post.find, post.feeds = find, _with_period(post.feeds, find.period)
            self._posts[find.target, find.position] = post
        for post in former.values():
            post.is_retired = post not in self._posts.values()

    def leave(self) -> None:
        """Forget who was found, as others look from now on: hosts will come that nobody here has seen."""
        for post in self._posts.values():
            post.is_retired = True
        self._posts = {}

    def feeds(self) -> list[Feed]:
        """Return a feed for every host that was found."""
        return [feed for post in self._posts.values() for feed in post.feeds or ()]

    def outlooks(self) -> Mapping[str, Outlook]:
        """Return, by target, what is known of the hosts that are looked for."""
        by_target: dict[str, list[_Post]] = {}
        for post in self._posts.values():
            by_target.setdefault(post.find.target, []).append(post)
        now = self._clock()
        return {target: _outlook(posts, now) for target, posts in by_target.items()}

    def ask(self, now: datetime) -> None:
        """Begin every look that is due."""
        for post in self._posts.values():
            if post.is_due(now):
                post.is_busy, post.asked_at, post.is_wanted = True, now, False
                post.begun += 1
                name = f"look {post.discovery.place}"
                Thread(target=self._look, args=(post,), name=name, daemon=True).start()

    def take(self) -> bool:
        """Take in what the looks gave; say whether there are other hosts than before."""
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
        """Return how many looks for the host of *feed* have begun; a clock may jump, and this does not."""
        post = self._post_of(feed)
        return post.begun if post is not None else 0

    def has_looked(self, feed: Feed, since: int) -> bool:
        """Say whether the host of *feed* was looked for after *since* looks; where not, have that done soon.

        A look that hangs is none to wait for.
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

    def _post_of(self, feed: Feed) -> _Post | None:
        return self._posts.get((feed.target, feed.position)) if feed.host else None

    def _look(self, post: _Post) -> None:
        """Run in the look's own thread."""
        try:
            seen = seen_of(post.find, post.discovery.look())
        except Undiscovered as error:
            seen = Seen(None, str(error))
        except Exception as error:
            # A faulty discovery must not leave its post busy for ever.
            log.exception("discovery_failed", target=post.find.target, place=post.discovery.place)
            seen = Seen(None, f"途中で失敗しました（{type(error).__name__}）")
        self._looks.put((post, seen))


def seen_of(find: Find, hosts: Sequence[Host]) -> Seen:
    """Return a feed for each of *hosts*; of one that can't be measured, why not."""
    template, line = find.discovery.template, find.discovery.bound.line
    feeds, troubles = [], []
    for host in hosts:
        try:
            bound = Bound(template.kind, template.filled(host.values), line)
        except Unfilled as error:
            troubles.append(f"{host.name}: {error}")
        else:
            feeds.append(Feed(find.target, bound, find.period, find.position, host.name))
    more = f" ほか {len(troubles) - 1} 台" if len(troubles) > 1 else ""
    return Seen(tuple(feeds), f"{troubles[0]}{more}" if troubles else "")


def _is_same(one: Discovered, other: Discovered) -> bool:
    """Whether both look for the same hosts and measure them alike, wherever they stand in the file."""
    places = [(each.bound.kind, each.bound.config, each.template) for each in (one, other)]
    return places[0] == places[1]


def _take(post: _Post, seen: Seen) -> bool:
    """Let *post* have seen *seen*; say whether its hosts are others now."""
    if seen.trouble and seen.trouble != post.trouble:
        log.warning("hosts_unseen", target=post.find.target, place=post.discovery.place, reason=seen.trouble)
    post.trouble = seen.trouble
    if seen.feeds is None or seen.feeds == post.feeds:
        return False
    before, now = ({each.host for each in feeds or ()} for feeds in (post.feeds, seen.feeds))
    log.info("hosts_found", target=post.find.target, came=sorted(now - before), left=sorted(before - now))
    post.feeds = seen.feeds
    return True


def _outlook(posts: Sequence[_Post], now: datetime) -> Outlook:
    first = posts[0]
    is_known = all(post.feeds is not None for post in posts)
    count = sum(len(post.feeds or ()) for post in posts)
    troubles = [told for post in posts if (told := _trouble(post, now))]
    if is_known and not count and not troubles:
        troubles = [f"{first.discovery.place}: 見つかった機械が 0 台です"]
    since = min(post.since for post in posts)
    return Outlook(first.discovery.place, since, is_known, "、".join(troubles))


def _trouble(post: _Post, now: datetime) -> str:
    trouble = "探しに行ったまま戻りません" if post.hangs(now) else post.trouble
    if not trouble:
        return ""
    known = f"（最後に見つかった {len(post.feeds)} 台を測っています）" if post.feeds else ""
    return f"{post.discovery.place}: {trouble}{known}"


def _with_period(feeds: tuple[Feed, ...] | None, period: timedelta) -> tuple[Feed, ...] | None:
    if feeds is None:
        return None
    return tuple(Feed(each.target, each.bound, period, each.position, each.host) for each in feeds)
