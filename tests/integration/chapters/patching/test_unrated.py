"""Repositories that don't say what is a security fix: nobody knows whether hosts lack any."""

from dataclasses import replace
from pathlib import Path

import pytest
from tests.integration.chapters.patching import told
from tests.integration.chapters.patching.place import TUESDAY, Place

from toban.chapters.patching.hosts import looking
from toban.chapters.patching.hosts.looking import PatchGroup
from toban.chapters.patching.upgrade import HostLook
from toban.engine.evidence.verdict import Verdict
from toban.engine.runs.rules import RunReason

pytestmark = pytest.mark.django_db
LOOK = HostLook((), unrated=("extras",), boot="1")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    def look(_group: PatchGroup, host: str, *, refreshes: bool) -> HostLook:
        assert refreshes
        return LOOK if host == "web-2" else replace(LOOK, unrated=())

    monkeypatch.setattr(looking, "look", look)
    return told.place(tmp_path)


def test_a_host_without_any_known_fix_is_not_well_if_nobody_says_which_are_fixes(place: Place) -> None:
    assert place.work(TUESDAY) is RunReason.SUCCEEDED
    place.tell()

    assert place.verdict() is Verdict.NOT_MEASURABLE
    assert "web-2: extras" in place.said()
    assert "web-1" not in place.said()


def test_where_everything_newer_is_installed_nothing_is_left_out(place: Place) -> None:
    place.take(place.bindings.replace("keep =", 'only = "all"\nkeep ='))

    assert place.work(TUESDAY) is RunReason.SUCCEEDED
    place.tell()

    assert place.verdict() is Verdict.CONFORMING
