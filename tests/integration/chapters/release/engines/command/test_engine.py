"""A tool that a team has, wrapped: a small one of the tests, whose files say what it was told."""

import hashlib
import stat
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from tests.integration.chapters.release.engines.ssh.fleet import Watch

from toban.chapters.release.engine import Artifact, DeployFailed, DeploySite
from toban.chapters.release.engines.command.config import CommandDeployment
from toban.chapters.release.engines.command.engine import CommandEngine
from toban.chapters.release.engines.command.kind import KIND
from toban.chapters.release.models import Release, StoredArtifact
from toban.chapters.release.running.artifacts import as_artifact
from toban.engine.runs.rules import RunReason

NOON = datetime(2026, 4, 14, 3, tzinfo=UTC)
TOOL = """#!/bin/sh
# usage: tool deploy|back|serving
env | grep -E '^(RELEASE|TOBAN|BATCH)_' | sort >told
echo "$1 $RELEASE_VERSION" >>acts
echo "tool: warning: deprecated" >&2
case $1 in
    deploy)
        echo "deploying $RELEASE_VERSION"
        [ ! -e breaks-before ] || exit 3
        echo "$RELEASE_COMMIT" >serves
        [ "$(cat breaks-after 2>/dev/null)" != "$RELEASE_VERSION" ] || exit 4
        ;;
    back) echo "$RELEASE_COMMIT" >serves ;;
    serving) cat serves ;;
esac
"""


class Team:
    """The folder of a team with its tool, and the versions that Toban knows."""

    def __init__(self, folder: Path, home: Path) -> None:
        self.folder, self.home = folder, home
        self.tool = folder / "tool"
        self.tool.write_text(TOOL)
        self.tool.chmod(self.tool.stat().st_mode | stat.S_IXUSR)

    def engine(self, **more: object) -> CommandEngine:
        return CommandEngine(self.config(**more), self.site)

    def config(self, **more: object) -> CommandDeployment:
        settings: Mapping[str, object] = {
            "deploy": ("./tool", "deploy"),
            "go_back": ("./tool", "back"),
            "serving": ("./tool", "serving"),
        }
        return CommandDeployment.model_validate({**settings, **more})

    @property
    def site(self) -> DeploySite:
        return DeploySite("web", "本番環境", "shop", self.folder, self.home)

    def version(self, label: str) -> Artifact:
        digest = hashlib.sha256(label.encode()).hexdigest()
        commit = hashlib.sha1(label.encode()).hexdigest()  # noqa: S324
        stored = StoredArtifact.objects.create(
            service="shop", commit=commit, digest=digest, label=label, ordered_at=NOON, made_at=NOON
        )
        return as_artifact(stored, self.home)

    def acts(self) -> list[str]:
        """Return what the tool did, without its looks."""
        lines = (self.folder / "acts").read_text().splitlines()
        return [line for line in lines if not line.startswith("serving")]


@pytest.fixture
def team(tmp_path: Path, settings: Any, db: None) -> Team:
    settings.HOME = tmp_path / "home"
    folder = tmp_path / "team"
    folder.mkdir()
    return Team(folder, tmp_path / "home")


def failure(act: Callable[[], object]) -> DeployFailed:
    with pytest.raises(DeployFailed) as failed:
        act()
    return failed.value


def test_the_command_is_told_about_the_version_and_nothing_of_tobans(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOBAN_STATE", "postgres://toban:secret@db/toban")
    version = team.version("v1")
    engine = team.engine(deploy=("sh", "-c", "./tool deploy && cp told kept"))

    engine.switch(version, Watch())

    told = dict(line.split("=", 1) for line in (team.folder / "kept").read_text().splitlines())
    assert told == {
        "RELEASE_VERSION": "v1",
        "RELEASE_COMMIT": version.commit,
        "RELEASE_DIGEST": version.digest,
        "RELEASE_ARCHIVE": "",
        "RELEASE_IMAGE": "",
        "RELEASE_ENVIRONMENT": "本番環境",
    }


def test_places_in_arguments_are_filled(team: Team) -> None:
    version = team.version("v1")
    engine = team.engine(
        deploy=("sh", "tool", "deploy", "{commit}"), serving=("sh", "-c", "cat serves; ./tool serving >&2")
    )

    engine.switch(version, Watch())

    assert engine.serving() == {"本番環境": version.digest}


@pytest.mark.parametrize(
    "command",
    [("sh", "-c", "deploy {version}"), ("{version}",), ("sh", "-c", "{commit}"), ("x", "a{image}b")],
)
def test_a_place_that_a_shell_or_an_interpreter_reads_is_refused(
    team: Team, command: tuple[str, ...]
) -> None:
    with pytest.raises(ValidationError) as refused:
        team.config(deploy=command)

    assert "RELEASE_" in str(refused.value.errors()[0]["ctx"])


@pytest.mark.parametrize("name", ["commit", "digest", "label", "short", "image"])
def test_what_serves_is_found_by_any_of_its_names(team: Team, name: str) -> None:
    version = team.version("v1")
    names = {
        "commit": version.commit,
        "digest": f"sha256:{version.digest}",
        "label": "v1",
        "short": version.commit[:8].upper(),
        "image": f"registry.example.com/shop@sha256:{version.digest}",
    }
    (team.folder / "serves").write_text(names[name] + "\n")

    assert team.engine().serving() == {"本番環境": version.digest}


def test_each_instance_has_its_own_line_and_strangers_are_none_of_tobans(team: Team) -> None:
    version = team.version("v1")
    (team.folder / "serves").write_text("web-1 v1\nweb-2  v1.by-hand\n\nweb-3 abc\n")

    assert team.engine().serving() == {"web-1": version.digest, "web-2": "", "web-3": ""}


@pytest.mark.parametrize(
    ("serving", "said"),
    [
        (("sh", "-c", "echo 'no route to host' >&2; exit 2"), "no route to host"),
        (("true",), "何も書きませんでした"),
        (("no-such-program",), "no-such-program"),
    ],
)
def test_a_command_that_can_not_tell_what_serves_is_no_answer(
    team: Team, serving: tuple[str, ...], said: str
) -> None:
    assert said in str(failure(team.engine(serving=serving).serving))


def test_a_look_that_does_not_end_is_ended(team: Team) -> None:
    engine = team.engine(serving=("sleep", "60"), serving_within="300ms")

    assert "serving の sleep から" in str(failure(engine.serving))


def test_going_back_has_a_command_of_its_own_and_is_not_done_twice(team: Team) -> None:
    engine, old, new = team.engine(), team.version("v1"), team.version("v2")
    engine.switch(old, Watch())
    engine.switch(new, Watch())

    engine.switch(old, Watch(), back=True)
    engine.switch(old, Watch(), back=True)

    assert team.acts() == ["deploy v1", "deploy v2", "back v1"]
    assert engine.serving() == {"本番環境": old.digest}


def test_without_a_command_to_go_back_the_former_version_is_deployed(team: Team) -> None:
    engine, old, new = team.engine(go_back=()), team.version("v1"), team.version("v2")
    engine.switch(old, Watch())
    engine.switch(new, Watch())

    engine.switch(old, Watch(), back=True)

    assert team.acts() == ["deploy v1", "deploy v2", "deploy v1"]


def test_a_command_that_fails_before_the_switch_leaves_the_former_version(team: Team) -> None:
    engine, old, new = team.engine(), team.version("v1"), team.version("v2")
    engine.switch(old, Watch())
    (team.folder / "breaks-before").touch()

    failed = failure(lambda: engine.switch(new, Watch()))

    assert "./tool: 終了コード 3" in str(failed)
    assert "元の版のまま動いています" in str(failed)
    assert team.acts() == ["deploy v1", "deploy v2"]


def test_a_command_that_fails_after_the_switch_is_taken_back(team: Team) -> None:
    engine, old, new = team.engine(), team.version("v1"), team.version("v2")
    engine.switch(old, Watch())
    (team.folder / "breaks-after").write_text("v2")

    failed = failure(lambda: engine.switch(new, Watch()))

    assert "./tool: 終了コード 4" in str(failed)
    assert "v1 に戻しました" in str(failed)
    assert team.acts() == ["deploy v1", "deploy v2", "back v1"]
    assert engine.serving() == {"本番環境": old.digest}


def test_where_nothing_is_known_to_have_served_the_words_say_what_serves(team: Team) -> None:
    version = team.version("v1")
    (team.folder / "breaks-after").write_text("v1")

    failed = failure(lambda: team.engine().switch(version, Watch()))

    assert f"いま動いている版: 本番環境: {version.commit}" in str(failed)
    assert team.acts() == ["deploy v1"]


def test_a_command_that_succeeds_but_serves_something_else_has_failed(team: Team) -> None:
    engine, old, new = team.engine(), team.version("v1"), team.version("v2")
    engine.switch(old, Watch())

    failed = failure(lambda: team.engine(deploy=("true",)).switch(new, Watch()))

    assert "v2 になっていません" in str(failed)
    assert "元の版のまま動いています" in str(failed)


def test_a_way_back_that_fails_says_what_serves(team: Team) -> None:
    engine, old, new = team.engine(), team.version("v1"), team.version("v2")
    engine.switch(old, Watch())
    engine.switch(new, Watch())

    failed = failure(lambda: team.engine(go_back=("false",)).switch(old, Watch(), back=True))

    assert "元の版のまま" in str(failed) or new.commit in str(failed)
    assert engine.serving() == {"本番環境": new.digest}


def test_a_stopped_command_is_ended_with_all_it_started_and_taken_back(team: Team) -> None:
    engine, old, new = team.engine(), team.version("v1"), team.version("v2")
    engine.switch(old, Watch())
    slow = team.engine(deploy=("sh", "-c", "./tool deploy; echo up; sleep 60 & wait"))
    watch = Watch(stop_after="up", reason=RunReason.CANCELLED)

    failed = failure(lambda: slow.switch(new, watch))

    assert "v1 に戻しました" in str(failed)
    assert engine.serving() == {"本番環境": old.digest}


def test_a_replaced_worker_takes_nothing_back(team: Team) -> None:
    engine, old, new = team.engine(), team.version("v1"), team.version("v2")
    engine.switch(old, Watch())
    slow = team.engine(deploy=("sh", "-c", "./tool deploy; echo up; sleep 60"))

    failure(lambda: slow.switch(new, Watch(stop_after="up", reason=RunReason.FENCED)))

    assert engine.serving() == {"本番環境": new.digest}
    assert team.acts()[-1] == "deploy v2"


def test_what_the_tool_keeps_is_what_served_here_lately(team: Team) -> None:
    versions = [team.version(f"v{number}") for number in range(4)]
    stored = list(StoredArtifact.objects.order_by("id"))
    for number, each in enumerate([*stored, stored[0]]):
        Release.objects.create(
            service="shop",
            environment="本番環境",
            deployment="web",
            kind=Release.Kind.REGULAR,
            artifact=each,
            clause_id="1",
            document_digest="d",
            ordered_by="nami",
            planned_at=NOON,
            ordered_at=NOON,
            served_at=NOON.replace(minute=number),
        )

    assert team.engine(keep=2).installed() == ()
    assert team.engine(keep=2, keeps_versions=True).installed() == [versions[0].digest, versions[3].digest]


def test_doubts_are_programs_that_are_missing_and_a_look_that_fails(team: Team) -> None:
    def doubts(**more: object) -> list[str]:
        return [str(each) for each in KIND.doubts(team.config(**more), team.site)]

    version = team.version("v1")
    (team.folder / "serves").write_text(version.commit)

    assert doubts() == []
    assert "no-such-program" in doubts(deploy=("no-such-program",))[0]
    assert "no-such" in doubts(go_back=("./no-such",))[0]
    assert "from-serving" in str(doubts(serving=("sh", "-c", "echo from-serving >&2; exit 1")))
