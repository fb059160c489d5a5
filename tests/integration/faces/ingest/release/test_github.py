"""GitHub's webhooks: its own examples, and everything that is none of them."""

import asyncio
import hashlib
import hmac
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from django.db import DatabaseError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route
from starlette.types import Message
from tests.integration.chapters.release.sources.github.contract import OCTOKIT
from tests.registered import PARTS

from toban.design.reader import read_design
from toban.engine.bindings.load import read_bindings
from toban.engine.editions.edition import Edition
from toban.faces.ingest.release import github
from toban.faces.ingest.release.github import GitHubHooks

SECRET = "It's a Secret to Everybody"
NOW = datetime(2026, 11, 10, 12, tzinfo=UTC)
DOCUMENT = """# 運用設計書
## デプロイ・リリース
### デプロイ方式
| 環境 | デプロイ方式 | トリガー | 承認 |
|---|---|---|---|
| 開発環境 | 自動 | mainブランチマージ時 | 不要 |
"""
BINDINGS = """
[releases.shop]
kind = "github"
repository = "Codertocat/Hello-World"
token = "env:GITHUB_TOKEN"
webhook_secret = "env:HOOK_SECRET"

[releases.stock]
kind = "github"
repository = "Codertocat/Stock"
token = "env:GITHUB_TOKEN"

[releases.plain]
url = "/srv/git/shop.git"
"""
NEWS = (
    "push", "create", "delete", "pull_request", "pull_request_review", "check_run", "check_suite", "status",
    "workflow_run",
)  # fmt: skip


class Hooks:
    """The endpoint, and which services it has looked at."""

    def __init__(self) -> None:
        self.edition = Edition(
            read_design(DOCUMENT, "運用設計書.md"),
            read_bindings(BINDINGS, Path("toban.toml"), PARTS.schema),
            PARTS.kinds,
        )
        self.looks: list[str] = []
        self.is_away = False
        hooks = GitHubHooks(lambda: self.edition, lambda: NOW, self.want)
        route = Route("/hooks/github/{service}", hooks.answer, methods=("POST",))
        self.app = Starlette(routes=[route])

    def want(self, service: str, _now: datetime) -> None:
        if self.is_away:
            raise DatabaseError("gone")
        self.looks.append(service)

    def send(
        self,
        event: str,
        payload: object,
        *,
        service: str = "shop",
        secret: str = SECRET,
        signature: str | None = None,
        media_type: str = "application/json",
        delivery: str = "72d3162e-cc78-11e3-81ab-4c9367dc0958",
    ) -> httpx.Response:
        body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        if signature is None:
            signature = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        headers = {
            "x-github-event": event,
            "x-github-delivery": delivery,
            "x-hub-signature-256": signature,
            "content-type": media_type,
        }
        return asyncio.run(self._post(f"/hooks/github/{service}", body, headers))

    async def _post(self, path: str, body: bytes, headers: dict[str, str]) -> httpx.Response:
        transport = httpx.ASGITransport(self.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://toban") as client:
            raw = [(name.encode(), value.encode()) for name, value in headers.items()]
            return await client.post(path, content=body, headers=raw)


@pytest.fixture
def hooks(monkeypatch: pytest.MonkeyPatch) -> Hooks:
    monkeypatch.setenv("HOOK_SECRET", SECRET)
    return Hooks()


def examples(*names: str) -> list[tuple[str, dict[str, Any]]]:
    path = OCTOKIT / "webhooks-examples/api.github.com/index.json"
    if not path.exists():
        pytest.skip("needs @octokit/webhooks-examples in .boot/octokit (./check brings it)")
    known = json.loads(path.read_bytes())
    found = [(each["name"], payload) for each in known for payload in each["examples"]]
    assert len(found) > 200
    return [each for each in found if not names or each[0] in names]


def pushed(**more: object) -> dict[str, object]:
    return {"ref": "refs/heads/main", "repository": {"full_name": "Codertocat/Hello-World"}, **more}


def test_githubs_own_example_of_a_signature_is_accepted(hooks: Hooks) -> None:
    signature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"

    reply = hooks.send("ping", b"Hello, World!", signature=signature)

    assert reply.status_code == 400, "it is signed, and no JSON"


def test_every_example_of_github_is_answered_and_the_news_among_them_are_looked_at(hooks: Hooks) -> None:
    for event, payload in examples():
        before = len(hooks.looks)
        reply = hooks.send(event, payload)

        assert reply.status_code == (200 if event == "ping" else 202), event
        ours = payload.get("repository", {}).get("full_name") == "Codertocat/Hello-World"
        again = reply.text == "nothing new\n"
        assert (len(hooks.looks) > before) == (event in NEWS and ours and not again), event
    assert len(hooks.looks) > 50


def test_a_ping_is_answered(hooks: Hooks) -> None:
    ((_, payload), *_) = examples("ping")

    assert hooks.send("ping", payload).text == "pong\n"
    assert hooks.looks == []


@pytest.mark.parametrize(
    ("event", "payload", "looks"),
    [
        ("push", pushed(), 1),
        ("push", pushed(repository={"full_name": "codertocat/hello-world"}), 1),
        ("push", pushed(repository={"full_name": "Evil/Hello-World"}), 0),
        ("push", {"ref": "refs/heads/main"}, 0),
        ("push", pushed(repository="Codertocat/Hello-World"), 0),
        ("brand_new_event", pushed(), 0),
        ("", pushed(), 0),
        ("pull_request", pushed(pull_request={"head": {"repo": {"full_name": "Evil/Hello-World"}}}), 0),
        ("pull_request", pushed(pull_request={"head": {"repo": None}}), 0),
        ("pull_request", pushed(pull_request="x"), 0),
        ("pull_request", pushed(pull_request={"head": {"repo": {"full_name": "Codertocat/Hello-World"}}}), 1),
        ("pull_request_review", pushed(pull_request={"head": {"repo": {"full_name": "Evil/X"}}}), 0),
        ("status", pushed(context="ci/build"), 1),
        ("status", pushed(context="toban/本番環境"), 0),
    ],
)
def test_only_news_of_the_bound_repository_count(
    hooks: Hooks, event: str, payload: object, looks: int
) -> None:
    assert hooks.send(event, payload).status_code == 202

    assert len(hooks.looks) == looks


@pytest.mark.parametrize(
    "more",
    [
        {"secret": "another"},
        {"secret": ""},
        {"signature": ""},
        {"signature": "sha256="},
        {"signature": "sha1=" + "0" * 40},
        {"signature": "sha256=" + "0" * 64},
        {"signature": "sha256=" + "é" * 32},
        {"service": "stock", "secret": ""},
        {"service": "plain"},
        {"service": "unknown"},
        {"service": "../shop"},
    ],
    ids=[
        "another-secret", "no-secret", "none", "empty", "sha1", "zeros", "letters", "no-secret-is-bound",
        "plain-git", "unknown", "path",
    ],
)  # fmt: skip
def test_what_github_has_not_signed_is_refused(hooks: Hooks, more: dict[str, Any]) -> None:
    assert hooks.send("push", pushed(), **more).status_code in (401, 404)

    assert hooks.looks == []


def test_a_body_that_was_changed_is_refused(hooks: Hooks) -> None:
    signed = json.dumps(pushed()).encode()
    signature = "sha256=" + hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest()

    assert hooks.send("push", signed + b" ", signature=signature).status_code == 401
    assert hooks.looks == []


def test_a_secret_that_is_not_there_lets_nobody_in(hooks: Hooks, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HOOK_SECRET")

    assert hooks.send("push", pushed(), secret="").status_code == 401
    assert hooks.looks == []


def test_a_delivery_counts_once_whatever_number_it_is_given(hooks: Hooks) -> None:
    hooks.send("push", pushed(after="a"))
    again = [hooks.send("push", pushed(after="a"), delivery=str(number)) for number in range(3)]

    assert [each.status_code for each in again] == [202, 202, 202]
    assert hooks.looks == ["shop"]
    hooks.send("push", pushed(after="b"))
    assert hooks.looks == ["shop", "shop"]


def test_the_order_of_deliveries_says_nothing(hooks: Hooks) -> None:
    """A delivery only has the repository asked: an old one that comes last brings nothing old back."""
    for payload in (pushed(before="b", after="c"), pushed(before="a", after="b")):
        assert hooks.send("push", payload).status_code == 202

    assert hooks.looks == ["shop", "shop"]


def test_a_delivery_that_could_not_be_kept_is_taken_when_it_comes_again(hooks: Hooks) -> None:
    hooks.is_away = True
    assert hooks.send("push", pushed()).status_code == 503

    hooks.is_away = False
    assert hooks.send("push", pushed()).status_code == 202
    assert hooks.looks == ["shop"]


def test_a_form_is_read_too(hooks: Hooks) -> None:
    body = urlencode({"payload": json.dumps(pushed())}).encode()

    assert hooks.send("push", body, media_type="application/x-www-form-urlencoded").status_code == 202
    assert hooks.looks == ["shop"]


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff\xfe", b"null", b"payload=1"])
def test_a_signed_body_that_is_no_delivery_is_refused(hooks: Hooks, body: bytes) -> None:
    assert hooks.send("push", body).status_code == 400
    assert hooks.looks == []


def test_a_body_that_is_too_large_is_not_read(hooks: Hooks, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(github, "LARGEST", 1000)

    assert hooks.send("push", pushed(padding="x" * 2000)).status_code == 413
    assert hooks.looks == []


MIB = 1024 * 1024


def signed(body: bytes, address: str, *, secret: str = SECRET, is_whole: asyncio.Event) -> Request:
    """Return a delivery of *body* whose end comes once *is_whole* is set."""
    sent = iter([{"type": "http.request", "body": body, "more_body": True}])
    signature = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    headers = [(b"x-github-event", b"push"), (b"x-hub-signature-256", signature.encode())]

    async def receive() -> Message:
        if (begin := next(sent, None)) is not None:
            return begin
        await is_whole.wait()
        return {"type": "http.request", "body": b"", "more_body": False}

    place = {"path_params": {"service": "shop"}, "client": (address, 40_000)}
    return Request({"type": "http", "method": "POST", "headers": headers, **place}, receive)


async def answered_beside_strangers(hooks: GitHubHooks) -> list[int]:
    """Return how GitHub's delivery is answered while strangers' do not end, and then how theirs are."""
    never, at_once = asyncio.Event(), asyncio.Event()
    at_once.set()
    strangers = [
        asyncio.create_task(hooks.answer(signed(b"x" * size, "192.0.2.1", secret="guessed", is_whole=never)))
        for size in (17 * MIB, 14 * MIB)
    ]
    for _ in range(100):
        await asyncio.sleep(0.01)
    body = json.dumps(pushed(padding="x" * 2 * MIB)).encode()
    answer = await hooks.answer(signed(body, "198.51.100.7", is_whole=at_once))
    never.set()
    return [answer.status_code, *(each.status_code for each in await asyncio.gather(*strangers))]


def test_strangers_whose_bodies_never_end_keep_github_no_room(hooks: Hooks) -> None:
    endpoint = GitHubHooks(lambda: hooks.edition, lambda: NOW, hooks.want)

    assert asyncio.run(answered_beside_strangers(endpoint)) == [202, 401, 401]
