"""Places that several targets are measured at."""

from datetime import timedelta

from toban.chapters.monitoring.measuring.feeds import Feed
from toban.chapters.monitoring.measuring.shared import shared_places
from toban.engine.bindings.model import KindBinding
from toban.engine.bindings.section import Section

ROWS = {"API": "monitoring/monitor/API/死活"}


class Config(Section):
    url: str


def feed(target: str, url: str, kind: str = "prometheus") -> Feed:
    return Feed(target, KindBinding(kind, Config(url=url), 1), timedelta(minutes=1))


def test_what_is_measured_at_the_place_of_another_target_names_the_alert_that_it_is_down() -> None:
    places = shared_places([(feed("API", "a"), "api-1"), (feed("Host", "a"), "host-1")])

    assert places.probes(ROWS) == {("Host", "host-1"): "monitoring/monitor/API/死活/api-1"}


def test_other_places_are_not_shared() -> None:
    named = [
        (feed("API", "a"), "api-1"),
        (feed("Host", "b"), "api-1"),
        (feed("Web", "a", "http"), "api-1"),
        (feed("API", "a"), "api-2"),
    ]

    assert shared_places(named).groups == ()


def test_a_place_of_which_no_row_asks_whether_it_is_up_explains_nothing() -> None:
    places = shared_places([(feed("API", "a"), "api-1"), (feed("Host", "a"), "host-1")])

    assert places.probes({}) == {}
