"""When sources are asked: each at its time, at once after news, and none waits for another."""

import threading
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from tests.integration.chapters.release.git_host import Repository
from tests.integration.chapters.release.tracking.test_looking import NOON, Watched

from toban.chapters.release.deployments import plan
from toban.chapters.release.models import SourceLook
from toban.chapters.release.tracking.looking import Look, want_look
from toban.chapters.release.tracking.tracker import Tracker

pytestmark = pytest.mark.django_db


class Asked:
    """Takes the looks of a tracker, in whose threads nothing touches the database."""

    def __init__(self, folder: Path, *services: str) -> None:
        shop = Watched(Repository(folder / "shop.git", folder), folder, bound=(), services=services)
        self.plan = plan(shop.edition)
        self.tracker = Tracker(folder, self.take, lambda: None)
        self.count: Counter[str] = Counter()
        self.hanging: str = ""
        self.hangs, self.free = threading.Event(), threading.Event()
        self.now = NOON

    def take(self, look: Look) -> None:
        self.count[look.service.name] += 1
        if look.service.name == self.hanging:
            self.hangs.set()
            self.free.wait(20)
        if self.count[look.service.name] == 1 and look.service.name == "broken":
            raise AssertionError("a mistake of ours")

    def step(self, after: float = 0) -> Counter[str]:
        """Return the looks that began *after* seconds."""
        before = self.count.copy()
        self.now += timedelta(seconds=after)
        self.tracker.step(self.plan, self.now)
        for name, each in self.tracker._looks.items():
            if name != self.hanging:
                each.join()
        if self.hanging:
            assert self.hangs.wait(20)
        new = self.count - before
        for name in new:
            SourceLook.objects.update_or_create(service=name, defaults={"asked_at": self.now})
        return new


@pytest.fixture
def two(tmp_path: Path) -> Iterator[Asked]:
    asked = Asked(tmp_path, "shop", "stock")
    yield asked
    asked.free.set()


def test_a_source_is_asked_when_its_time_has_come(two: Asked) -> None:
    assert two.step() == {"shop": 1, "stock": 1}
    assert two.step(59) == {}
    assert two.step(1) == {"shop": 1, "stock": 1}


def test_news_are_looked_at_at_once_and_only_there(two: Asked) -> None:
    two.step()
    want_look("shop", two.now + timedelta(seconds=7))

    assert two.step(8) == {"shop": 1}
    assert two.step(8) == {}


def test_a_source_that_hangs_keeps_no_other_waiting_and_is_not_asked_twice(two: Asked) -> None:
    two.hanging = "shop"

    assert two.step() == {"shop": 1, "stock": 1}
    assert two.step(60) == {"stock": 1}


def test_a_look_that_breaks_is_taken_again(tmp_path: Path) -> None:
    asked = Asked(tmp_path, "broken")

    assert asked.step() == {"broken": 1}
    assert asked.step(60) == {"broken": 1}
