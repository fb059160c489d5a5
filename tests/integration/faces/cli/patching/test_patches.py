"""`toban patches`: the newest run, host by host, for people and for programs."""

import json
from pathlib import Path
from typing import NoReturn

import pytest
from click.testing import CliRunner, Result
from tests.integration.chapters.patching import told
from tests.integration.chapters.patching.place import Place
from tests.registered import PARTS

from toban.chapters.patching.hosts.looking import PatchGroup
from toban.engine.runs.commands.place import NotAnswered
from toban.faces.cli.patching import patches
from toban.message import plain

pytestmark = pytest.mark.django_db


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    found = told.place(tmp_path)
    monkeypatch.setattr(patches, "edition_of", lambda _parts: found.edition)
    return found


def toban(*arguments: str) -> Result:
    return CliRunner().invoke(patches.command, arguments, obj=PARTS)


def test_before_the_first_run_that_is_said(place: Place) -> None:
    assert toban().output == "まだ適用していません\n"
    assert json.loads(toban("--format", "json").output) is None


def test_the_newest_run_is_told_host_by_host(place: Place) -> None:
    told.told(place)

    done = toban()

    assert done.exit_code == 0
    run, first, second, third = done.output.splitlines()
    assert "失敗" in run
    assert first.startswith("● 成功 web-1")
    assert "curl 1.0 → 1.1" in first
    assert "CVE-2026-1" in first
    assert second.startswith("■ 失敗 web-2")
    assert "it does not answer" in second
    assert "no way there" in third


def test_programs_read_the_same(place: Place) -> None:
    run = told.told(place)

    found = json.loads(toban("--format", "json", "--run", str(run.pk)).output)

    assert (found["run"], found["state"], found["digest"]) == (run.pk, "failed", told.PLAN.digest)
    first, second, third = found["hosts"]
    assert (first["state"], first["upgrades"][0]["new"]) == ("done", "1.1")
    assert second["note"]["text"] == "it does not answer"
    assert third["trouble"]["text"] == "no way there"


def test_one_host_can_be_asked_for(place: Place) -> None:
    told.told(place)

    assert len(toban("--host", "web-2").output.splitlines()) == 2


@pytest.mark.parametrize("wrong", [("--host", "db-1"), ("--run", "99")])
def test_what_is_not_there_is_refused(place: Place, wrong: tuple[str, ...]) -> None:
    done = toban(*wrong)

    assert done.exit_code == 1


def test_a_look_asks_the_hosts_and_says_why_one_does_not_answer(place: Place) -> None:
    done = toban("--look", "--host", "web-1")

    assert done.exit_code == 0
    assert done.output.startswith("web-1: 対象外: ")


def test_a_look_at_one_host_leaves_the_others_alone(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def no_place(_group: PatchGroup, host: str) -> NoReturn:
        asked.append(host)
        raise NotAnswered(plain("no way there"))

    monkeypatch.setattr(PatchGroup, "place", no_place)

    assert "no way there" in toban("--look", "--host", "web-2").output
    assert asked == ["web-2"]
