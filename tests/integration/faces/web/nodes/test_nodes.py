"""The page of the nodes."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from tests.integration.faces.web.conftest import SignIn

from toban.engine.clock import system_clock
from toban.engine.nodes.models import NodeProcess
from toban.engine.people.models import OperatorRole


def node(host: str, **more: Any) -> None:
    now = system_clock()
    usual: dict[str, Any] = {"version": "1.0", "key": "aaaa", "began_at": now, "seen_at": now}
    NodeProcess.objects.create(host=host, program="worker", pid=7, **usual | more)


def text(client: Client, path: str = "/nodes/") -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_page_shows_each_node_with_version_key_and_clock(viewer: Client) -> None:
    node("web-1", ahead_seconds=0.24)

    shown = text(viewer)

    for each in ("web-1/worker/7", "1.0", "aaaa", "0.2 秒", "同じ鍵と同じ版で動いています"):
        assert each in shown
    assert "一覧から外す" not in shown


def test_a_node_with_another_key_is_told_on_the_first_page_and_that_of_the_nodes(viewer: Client) -> None:
    node("web-1")
    node("web-2", key="bbbb")

    for path in ("/", "/nodes/"):
        assert "ノードの秘密鍵が一致しません: web-1/worker/7 は aaaa、web-2/worker/7 は bbbb" in text(
            viewer, path
        )


@pytest.mark.parametrize(
    ("role", "status"),
    [(OperatorRole.VIEWER, 403), (OperatorRole.DEVELOPER, 302), (OperatorRole.MANAGER, 302)],
)
def test_who_may_order_forgets_a_node_that_is_gone(sign_in: SignIn, role: OperatorRole, status: int) -> None:
    node("web-1", seen_at=system_clock() - timedelta(hours=1))
    client = sign_in(role)
    assert ("一覧から外す" in text(client)) is (status == 302)

    answer = client.post("/nodes/", {"node": "web-1/worker/7"})

    assert answer.status_code == status
    assert NodeProcess.objects.exists() is (status == 403)


def test_a_node_that_is_there_is_not_forgotten(sign_in: SignIn) -> None:
    node("web-1")

    answer = sign_in(OperatorRole.MANAGER).post("/nodes/", {"node": "web-1/worker/7"})

    assert answer.status_code == 409
    assert "動いています" in answer.content.decode()


def test_pages_that_are_opened_now_and_then_are_folded_below_the_menu(viewer: Client) -> None:
    page = viewer.get("/nodes/").content.decode()
    found = re.search('<nav class="places".*?</nav>', page, re.DOTALL)
    assert found is not None

    at_hand, folded = found[0].split("<details>")

    assert re.findall('href="(/[^"]*)"', folded) == [
        "/assumptions/", "/exceptions/", "/changes/", "/drift/", "/nodes/", "/reports/", "/patches/",
        "/cost/", "/documents/", "/decisions/",
    ]  # fmt: skip
    assert 'href="/nodes/" aria-current="page"' in folded
    assert 'href="/alerts/"' in at_hand
