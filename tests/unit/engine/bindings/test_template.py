"""The table of a source, written once for many hosts."""

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import pytest
from tests.registered import schema

from toban.engine.bindings.load import UnreadableBindings, read_bindings
from toban.engine.bindings.model import Bindings, BoundDiscovery, DiscoveryBinding
from toban.engine.bindings.section import Section
from toban.engine.bindings.template import Unfilled, fill


class Probe(Section):
    port: int
    host: str = ""
    instance: str = ""
    labels: Mapping[str, str] = {}


class Register(DiscoveryBinding):
    sample: ClassVar[Mapping[str, str]] = {"host": "192.0.2.1", "port": "80"}

    path: str


KINDS = schema(sources={"probe": Probe}, discoveries={"register": Register})


def read(text: str) -> Bindings:
    return read_bindings(text, Path("toban.toml"), KINDS)


def discovery(source: str) -> BoundDiscovery:
    bindings = read(f'[[targets.Web.discovery]]\nkind = "register"\npath = "hosts"\nsource = {source}\n')
    (found,) = bindings.discoveries["Web"]
    return found


def test_every_placeholder_in_a_template_is_filled() -> None:
    written = {
        "url": "http://${host}:${port}/",
        "deep": [{"q": "host:${host}"}],
        "n": 3,
        "plain": "{host} $host",
    }

    assert fill(written, {"host": "web-1", "port": "80"}) == {
        "url": "http://web-1:80/",
        "deep": [{"q": "host:web-1"}],
        "n": 3,
        "plain": "{host} $host",
    }


def test_a_host_is_called_by_its_name_unless_the_table_says_otherwise() -> None:
    values = {"host": "10.0.0.1", "name": "web-1", "zone": "a"}
    plain = discovery('{ kind = "probe", host = "${host}", port = 80 }').template
    own = discovery('{ kind = "probe", port = 80, instance = "${name} (${zone})" }').template

    assert plain.filled(values) == Probe(host="10.0.0.1", port=80, instance="web-1")
    assert own.filled(values) == Probe(port=80, instance="web-1 (a)")


@pytest.mark.parametrize(
    ("values", "why"),
    [({"host": "web-1"}, r"\$\{port\} に当たるものがありません"), ({"port": "many"}, "port の値が")],
)
def test_a_host_that_does_not_fit_the_template_is_refused_with_the_reason(
    values: dict[str, str], why: str
) -> None:
    template = discovery('{ kind = "probe", port = "${port}" }').template

    with pytest.raises(Unfilled, match=why):
        template.filled(values)


def test_a_template_is_validated_against_the_sample_of_its_kind_on_load() -> None:
    found = discovery('{ kind = "probe", host = "${host}", port = "${port}", labels = { zone = "${zone}" } }')

    assert found.sample.config == Probe(host="192.0.2.1", port=80, labels={"zone": "sample"})


def test_a_label_may_supply_a_required_value() -> None:
    assert discovery('{ kind = "probe", port = "${exporter_port}" }').sample.config == Probe(port=1)


@pytest.mark.parametrize(
    ("written", "told"),
    [
        (
            'kind = "register"\npath = "x"\nsource = { kind = "probe", port = 1, prot = 2 }',
            "toban.toml:4: BD002 「prot」",
        ),
        (
            'kind = "register"\npath = "x"\nsource = { kind = "prob", port = 1 }',
            "toban.toml:4: BD006 「prob」",
        ),
        ('kind = "register"\npath = "x"', "toban.toml:1: BD003 「source」がありません"),
        (
            'kind = "register"\nsource = { kind = "probe", port = 1 }',
            "toban.toml:1: BD003 「path」がありません",
        ),
        ('kind = "registry"\npath = "x"\nsource = { kind = "probe" }', "toban.toml:2: BD006 「registry」"),
    ],
)
def test_mistakes_are_reported_with_their_line(written: str, told: str) -> None:
    with pytest.raises(UnreadableBindings) as caught:
        read(f"[[targets.Web.discovery]]\n{written}\n")

    assert [str(finding).startswith(told) for finding in caught.value.findings] == [True]


def test_a_target_needs_sources_or_a_discovery() -> None:
    with pytest.raises(UnreadableBindings, match="sources も discovery もありません"):
        read('[targets.Web]\nruns_on = "DB"\n')
