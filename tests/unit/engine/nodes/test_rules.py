"""What is wrong with several processes, seen together."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from toban.engine.nodes.rules import GONE, SETTLED, Node, NodeTrouble, findings

NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)
WEB = Node(
    host="web-1",
    program="serve",
    pid=7,
    version="1.0",
    key="aa",
    ahead_seconds=0.1,
    edition=("doc", "bind"),
    edition_since=NOON - timedelta(hours=1),
    is_left_behind=False,
    began_at=NOON - timedelta(hours=2),
    seen_at=NOON,
)
WORKER = replace(WEB, host="web-2", program="worker", pid=9)
MOMENT = timedelta(microseconds=1)


def troubles(*nodes: Node, now: datetime = NOON) -> list[tuple[str, str]]:
    return [(each.trouble, each.node) for each in findings(nodes, now)]


def test_nodes_that_agree_have_no_findings() -> None:
    assert troubles(WEB, WORKER) == []
    assert troubles() == []


def test_differing_keys_are_told_without_saying_which_is_right() -> None:
    (found,) = findings([WEB, replace(WORKER, key="bb"), replace(WORKER, pid=10, key="")], NOON)

    assert (found.trouble, found.node) == (NodeTrouble.KEYS, "")
    assert "web-1/serve/7 は aa" in str(found.said)
    assert "web-2/worker/9 は bb" in str(found.said)
    assert "web-2/worker/10 は鍵なし" in str(found.said)


def test_a_node_is_gone_after_twelve_beats_without_a_sign_of_life() -> None:
    assert troubles(replace(WEB, seen_at=NOON - GONE), WORKER) == []
    assert troubles(replace(WEB, seen_at=NOON - GONE - MOMENT), WORKER) == [("gone", "web-1/serve/7")]


def test_a_node_that_is_gone_has_no_other_findings() -> None:
    old = replace(
        WEB, seen_at=NOON - 2 * GONE, key="bb", version="0.9", is_left_behind=True, ahead_seconds=60
    )

    assert troubles(old, WORKER) == [("gone", "web-1/serve/7")]


@pytest.mark.parametrize(
    ("seconds", "is_wrong"), [(2.0, False), (2.1, True), (-2.0, False), (-2.1, True), (None, False)]
)
def test_a_clock_is_wrong_beyond_the_tolerance(seconds: float | None, *, is_wrong: bool) -> None:
    found = troubles(replace(WEB, ahead_seconds=seconds), WORKER)

    assert found == ([("clock", "web-1/serve/7")] if is_wrong else [])


def test_a_node_with_another_edition_is_told_once_the_newest_has_settled() -> None:
    newer = replace(WORKER, edition=("new", "bind"), edition_since=NOON - SETTLED)

    assert troubles(WEB, newer, now=NOON - MOMENT) == []
    assert troubles(WEB, newer) == [("edition", "web-1/serve/7")]
    assert troubles(replace(WEB, edition=("", ""), edition_since=None), newer) == []


def test_versions_and_files_that_differ_are_shown() -> None:
    assert troubles(WEB, replace(WORKER, version="1.1")) == [("versions", "")]
    assert troubles(WEB, replace(WORKER, is_left_behind=True)) == [("left-behind", "web-2")]
