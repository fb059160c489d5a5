"""The engine that has GitHub's workflows deploy, by GitHub's own contract."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.integration.chapters.release.engines.github.actions import Actions
from tests.integration.chapters.release.sources.github.contract import TOKEN, serving

from toban.chapters.release.engine import Artifact, DeployFailed, DeploySite
from toban.chapters.release.engines.github import KIND
from toban.chapters.release.engines.github.config import GitHubDeployment
from toban.chapters.release.engines.github.engine import GitHubEngine
from toban.chapters.release.models import StoredArtifact
from toban.chapters.release.sources.github import api
from toban.message import Message, message_of

pytestmark = pytest.mark.django_db

OLD, NEW = "a" * 40, "b" * 40
NOW = datetime(2026, 11, 10, 12, tzinfo=UTC)


class Killed(BaseException):
    """The worker is killed here."""


@dataclass
class Watch:
    """The step of a run."""

    said: list[str] = field(default_factory=list)
    stop: str | None = None

    def say(self, text: Message | str) -> None:
        self.said.append(text.code if isinstance(text, Message) else text)

    def progress(self, percent: float | None, text: Message | str = "") -> None:
        """Show nothing."""

    def why_stop(self) -> object | None:
        return self.stop


@dataclass
class Production:
    """The environment, and the two versions there are."""

    actions: Actions
    home: Path
    watch: Watch = field(default_factory=Watch)

    def engine(self, **more: object) -> GitHubEngine:
        config = GitHubDeployment.model_validate(
            {
                "repository": "acme/shop", "token": "env:GITHUB_TOKEN", "workflow": "deploy.yml",
                "api": self.actions.server.url, "look_every": "1秒", "answer_within": 2, **more,
            }
        )  # fmt: skip
        site = DeploySite("production", "本番環境", "shop", self.home, self.home)
        return GitHubEngine(config, site, sleep=lambda _seconds: None)

    def switch(self, commit: str = NEW, *, back: bool = False, **more: object) -> None:
        self.engine(**more).switch(artifact(commit), self.watch, back=back)

    @property
    def serves(self) -> str:
        return self.engine().serving()["production"]


def artifact(commit: str) -> Artifact:
    return Artifact("shop", commit[0] * 64, commit, f"v{commit[0]}", None)


@pytest.fixture
def production(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Production]:
    monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
    monkeypatch.setattr(api, "_waits", {})
    for commit in (OLD, NEW):
        StoredArtifact.objects.create(
            service="shop", commit=commit, digest=commit[0] * 64, label=f"v{commit[0]}", ordered_at=NOW
        )
    with serving("acme/shop") as server:
        yield Production(Actions(server), tmp_path)


def test_the_workflow_is_started_with_the_version_and_followed_to_its_end(production: Production) -> None:
    actions = production.actions
    actions.deploy(OLD, "success")
    actions.looks = 3
    assert production.serves == "a" * 64

    production.switch()

    assert production.serves == "b" * 64
    (sent,) = actions.dispatched
    assert sent["ref"] == "main"
    assert sent["inputs"] == {"version": "vb", "commit": NEW, "digest": "b" * 64}
    assert actions.states[2] == ["in_progress", "success"]
    assert production.watch.said == ["release-github.runs-at"]
    assert not (production.home / "under-way.json").exists()


def test_an_older_server_is_asked_which_run_it_is(production: Production) -> None:
    production.actions.start(ago=timedelta(hours=1))
    production.actions.says_run = False

    production.switch()

    assert production.serves == "b" * 64
    assert len(production.actions.dispatched) == 1


def test_a_workflow_that_fails_says_so_and_what_served_counts(production: Production) -> None:
    production.actions.deploy(OLD, "success")
    production.actions.conclusion = "failure"

    with pytest.raises(DeployFailed) as failure:
        production.switch()

    assert "github.com" in str(failure.value)
    assert production.serves == "a" * 64
    production.actions.conclusion, production.actions.looks = "success", 1
    production.switch()
    assert production.serves == "b" * 64
    assert len(production.actions.dispatched) == 2


def test_a_killed_switch_follows_the_run_that_it_has_started(
    production: Production, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> int:
        raise Killed

    for act in ("_recorded", "_followed", "_report"):
        with monkeypatch.context() as patch:
            patch.setattr(GitHubEngine, act, killed)
            with pytest.raises(Killed):
                production.switch()

    production.switch()

    assert len(production.actions.dispatched) == 1
    assert production.serves == "b" * 64


def test_a_switch_that_was_killed_before_it_knew_its_run_finds_it(
    production: Production, monkeypatch: pytest.MonkeyPatch
) -> None:
    dispatch = GitHubEngine._dispatch

    def killed(self: GitHubEngine, wanted: Artifact) -> int:
        dispatch(self, wanted)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(GitHubEngine, "_dispatch", killed)
        with pytest.raises(Killed):
            production.switch()

    production.switch()

    assert len(production.actions.dispatched) == 1
    assert production.serves == "b" * 64


def test_a_finished_switch_is_not_done_again(production: Production) -> None:
    production.switch()
    production.switch()

    assert len(production.actions.dispatched) == 1


def test_a_stopped_release_cancels_its_workflow(production: Production) -> None:
    production.actions.looks = 100
    production.watch.stop = "time is over"

    with pytest.raises(DeployFailed) as failure:
        production.switch()

    assert production.actions.cancelled
    assert "time is over" in str(failure.value)


def test_a_former_version_is_brought_back_by_the_same_workflow(production: Production) -> None:
    production.switch(OLD)
    production.actions.looks = 1
    production.switch()
    production.actions.looks = 1

    production.switch(OLD, back=True)

    assert production.serves == "a" * 64
    assert [each["inputs"]["version"] for each in production.actions.dispatched] == ["va", "vb", "va"]


def test_a_workflow_that_has_asked_is_waited_for(production: Production) -> None:
    actions = production.actions
    actions.deploy(OLD, "success", task="deploy")
    actions.deploy(NEW, "failure", task="deploy")
    waited: list[int] = []

    def pause(_engine: GitHubEngine, _watch: Watch) -> None:
        waited.append(1)
        if len(waited) == 1:
            actions.deploy(NEW, "in_progress", task="deploy")
        else:
            actions.states[3].append("success")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(GitHubEngine, "_pause", pause)
        production.switch(asks=True)

    assert len(waited) == 2, "an attempt that failed before counts for nothing"
    assert actions.dispatched == []
    assert production.engine(asks=True).serving() == {"production": "b" * 64}


def test_a_workflow_that_has_asked_and_fails_is_said(production: Production) -> None:
    def pause(_engine: GitHubEngine, _watch: Watch) -> None:
        production.actions.deploy(NEW, "error", task="deploy")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(GitHubEngine, "_pause", pause)
        with pytest.raises(DeployFailed) as failure:
            production.switch(asks=True)

    assert "vb" in str(failure.value)


def test_what_only_asks_can_not_be_brought_back_and_says_how_to(production: Production) -> None:
    with pytest.raises(DeployFailed) as failure:
        production.switch(OLD, back=True, asks=True, workflow="")

    assert OLD in str(failure.value)


def test_an_api_that_is_away_for_a_while_ends_nothing(production: Production) -> None:
    server, actions = production.actions.server, production.actions
    actions.looks = 3
    away = (502, {"message": "Server Error"})
    at = ("POST /deployments", "GET /actions/runs/30433642", "POST /deployments/1/statuses")
    seen: set[str] = set()
    reply = server.reply

    def sometimes(method: str, url: str, token: str, body: bytes) -> Any:
        what = f"{method} {url.partition('/acme/shop')[2].partition('?')[0]}"
        if what in at and what not in seen:
            seen.add(what)
            return away
        return reply(method, url, token, body)

    server.reply = sometimes  # type: ignore[method-assign]
    production.switch()

    assert seen == set(at)
    assert actions.states[1] == ["in_progress", "success"]
    assert production.watch.said.count("release-github.refused") == 3


def test_a_wrong_token_is_doubted(production: Production, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "another-secret")
    engine = production.engine()

    with pytest.raises(DeployFailed) as failure:
        engine.serving()

    assert "another-secret" not in str(failure.value)
    site = DeploySite("production", "本番環境", "shop", production.home, production.home)
    (doubt,) = KIND.doubts(engine._config, site)
    assert isinstance(doubt, tuple)
    assert doubt[0].code == "release-github.token-refused"
    assert message_of(failure.value)
