"""How requests are shared, who is started, and who may end."""

import pytest

from toban.chapters.release.engines.proxy.balancers.balancer import Upstream
from toban.chapters.release.engines.proxy.balancers.caddy import spread
from toban.chapters.release.engines.proxy.balancers.nginx import written
from toban.chapters.release.engines.proxy.config import NginxBinding
from toban.chapters.release.engines.proxy.hosts.units import as_file
from toban.chapters.release.engines.proxy.records import Instance
from toban.chapters.release.engines.proxy.rules import overdue, shared, to_start


@pytest.mark.parametrize(
    ("old", "new", "share", "weights"),
    [
        (("a", "b"), ("c", "d"), 0.1, {"a": 9, "b": 9, "c": 1, "d": 1}),
        (("a", "b"), ("c", "d"), 0.5, {"a": 1, "b": 1, "c": 1, "d": 1}),
        (("a", "b", "c"), ("d",), 0.01, {"a": 33, "b": 33, "c": 33, "d": 1}),
        (("a",), ("b", "c", "d"), 1 / 3, {"a": 6, "b": 1, "c": 1, "d": 1}),
        (("a", "b"), ("c",), 1.0, {"c": 1}),
    ],
)
def test_new_instances_get_their_share_together(
    old: tuple[str, ...], new: tuple[str, ...], share: float, weights: dict[str, int]
) -> None:
    assert {each.address: each.weight for each in shared(old, new, share)} == weights


@pytest.mark.parametrize(
    ("weights", "places", "counts"),
    [
        ({"a": 1, "b": 1}, 20, {"a": 10, "b": 10}),
        ({"a": 1, "b": 1, "c": 1}, 20, {"a": 7, "b": 7, "c": 6}),
        ({"a": 9, "b": 9, "c": 1, "d": 1}, 20, {"a": 9, "b": 9, "c": 1, "d": 1}),
        ({"a": 99, "b": 1}, 10, {"a": 9, "b": 1}),
        ({"a": 1, "b": 1}, 2, {"a": 1, "b": 1}),
    ],
)
def test_every_instance_has_its_places_among_the_files(
    weights: dict[str, int], places: int, counts: dict[str, int]
) -> None:
    found = spread([Upstream(address, weight) for address, weight in weights.items()], places)

    assert {each: found.count(each) for each in found} == counts
    assert len(found) == places


def test_instances_of_the_version_that_run_are_used_again() -> None:
    old, there, dead = Instance(1, 1, "old"), Instance(2, 1, "new"), Instance(3, 2, "new")

    found, missing = to_start("new", 2, {old: "old", there: "new", dead: ""})

    assert (found, missing) == ({1: there}, [2])


def test_an_instance_that_is_one_too_many_is_not_used() -> None:
    first, third = Instance(1, 1, "new"), Instance(2, 3, "new")

    found, missing = to_start("new", 1, {first: "new", third: "new"})

    assert (found, missing) == ({1: first}, [])


def test_an_instance_may_end_when_the_watch_is_over_and_nothing_is_routed_to_it() -> None:
    serving = Instance(1, 1, "new", is_routed=True)
    former, older = Instance(2, 1, "old", idle_since=100.0), Instance(3, 1, "older", idle_since=40.0)
    back = Instance(4, 1, "back", idle_since=0.0)

    found = overdue([serving, former, older, back], {serving.address, back.address}, 60.0, 100.0)

    assert found == [older]


def test_nginx_is_told_in_one_file() -> None:
    config = NginxBinding.model_validate(
        {
            "kind": "nginx",
            "upstream": "shop",
            "file": "/etc/nginx/toban/shop.conf",
            "status": "127.0.0.1:8399",
            "directives": ["least_conn"],
        }
    )

    text = written({"shop": [Upstream("127.0.0.1:8310", 9), Upstream("127.0.0.1:8311")], "one": []}, config)

    assert text == (
        "# Written by Toban; changes are overwritten at the next release.\n"
        "upstream shop {\n    least_conn;\n"
        "    server 127.0.0.1:8310 weight=9;\n    server 127.0.0.1:8311 weight=1;\n}\n"
        "upstream one {\n    least_conn;\n    server 127.0.0.1:1 down;\n}\n"
        "server {\n    listen 127.0.0.1:8399;\n    access_log off;\n    default_type text/plain;\n"
        '    location / { return 200 "$pid shop=127.0.0.1:8310*9 shop=127.0.0.1:8311*1"; }\n}\n'
    )


def test_what_a_unit_is_told_survives_systemds_quoting() -> None:
    assert as_file({"A": 'say "$HOME" \\ `x`'}) == 'A="say \\"\\$HOME\\" \\\\ \\`x\\`"\n'
