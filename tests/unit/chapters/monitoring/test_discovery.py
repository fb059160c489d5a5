"""Discovered hosts, as values."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from toban.chapters.monitoring.discovery import MOST_HOSTS, DiscoveredHost, Undiscovered, checked, host_of
from toban.chapters.monitoring.measuring.feeds import Feed, Find, labels
from toban.chapters.monitoring.measuring.lookout import seen_of
from toban.engine.bindings.model import BoundDiscovery, DiscoveryBinding, KindBinding
from toban.engine.bindings.section import Section
from toban.engine.bindings.template import Template

NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)
PERIOD = timedelta(seconds=15)


class Probe(Section):
    port: int = 1
    instance: str = ""


def find(**written: object) -> Find:
    template = Template("probe", Probe, written, Path())
    discovery = BoundDiscovery(
        KindBinding("any", DiscoveryBinding(), 7), template, KindBinding("probe", Probe(), 8)
    )
    return Find("Web", discovery, PERIOD, 2)


def test_every_host_becomes_a_separate_feed() -> None:
    seen = seen_of(
        find(port="${port}"), [DiscoveredHost(name, {"name": name, "port": "9100"}) for name in ("a", "b")]
    )

    assert not seen.trouble
    assert seen.feeds == (
        Feed("Web", KindBinding("probe", Probe(port=9100, instance="a"), 7), PERIOD, 2, "a"),
        Feed("Web", KindBinding("probe", Probe(port=9100, instance="b"), 7), PERIOD, 2, "b"),
    )


def test_a_host_that_does_not_fit_the_template_affects_no_other() -> None:
    hosts = [
        DiscoveredHost("a", {"name": "a"}),
        DiscoveredHost("b", {"name": "b", "port": "9100"}),
        DiscoveredHost("c"),
    ]

    seen = seen_of(find(port="${port}"), hosts)

    assert [feed.host for feed in seen.feeds or ()] == ["b"]
    assert str(seen.trouble) == "a: ${port} に当たるものがありません ほか 1 台"


def test_hosts_with_the_same_name_are_distinguished_by_their_discovered_names() -> None:
    feeds = [Feed("Web", KindBinding("probe", Probe(), 1), PERIOD, 0, name) for name in ("i-1", "i-2")]

    assert labels(feeds, ["web", "web"]) == ["web (i-1)", "web (i-2)"]


def test_hosts_are_sorted_by_name() -> None:
    assert [host.name for host in checked([DiscoveredHost("b"), DiscoveredHost("a")])] == ["a", "b"]


@pytest.mark.parametrize(
    ("hosts", "why"),
    [
        ([DiscoveredHost("a"), DiscoveredHost("a")], "同じ名前"),
        ([DiscoveredHost("")], "使えない"),
        ([DiscoveredHost("a\nb")], "使えない"),
        ([DiscoveredHost("a", {"zone": "\x1b[2J"})], "使えない"),
        ([DiscoveredHost("a" * 256)], "使えない"),
        ([DiscoveredHost(str(number)) for number in range(MOST_HOSTS + 1)], "2,?001 台も"),
    ],
)
def test_an_invalid_list_of_hosts_is_refused(hosts: list[DiscoveredHost], why: str) -> None:
    with pytest.raises(Undiscovered, match=why):
        checked(hosts)


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("web-1:9100", "web-1"),
        ("web-1", "web-1"),
        ("[::1]:9100", "::1"),
        ("::1", "::1"),
        ("10.0.0.1:1", "10.0.0.1"),
    ],
)
def test_the_host_part_of_an_address_is_extracted(address: str, host: str) -> None:
    assert host_of(address) == host
