"""What is new in a source, and what follows from it."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest

from toban.chapters.release.source import BranchHead
from toban.chapters.release.tracking.rules import (
    PastAutomatic,
    SeenBranch,
    after_look,
    due_release,
    is_look_due,
    is_proof_due,
    natural,
)
from toban.chapters.release.tracking.triggers import Trigger, TriggerEvent

NOON = datetime(2026, 11, 10, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
MERGED = Trigger(TriggerEvent.MOVED, "main", is_automatic=True)
CREATED = Trigger(TriggerEvent.CREATED, "release*", is_automatic=True)
TAGGED = Trigger(TriggerEvent.TAGGED, "v*", is_automatic=True)


def contains(older: str, newer: str) -> bool:
    """Commits are called by what they contain: `abc` contains `ab`."""
    return newer.startswith(older)


def look(known: Iterable[SeenBranch], at: datetime, **heads: str) -> list[SeenBranch]:
    named = [BranchHead(name.replace("_", "/"), commit) for name, commit in heads.items()]
    return list(after_look(known, named, at, contains))


def test_a_branch_that_goes_on_has_moved() -> None:
    first = look([], NOON, main="a")

    (moved,) = look(first, NOON + MINUTE, main="ab")

    assert moved == SeenBranch("main", False, "ab", NOON, NOON + MINUTE)
    assert not moved.is_rewritten


def test_a_branch_that_stays_is_the_same() -> None:
    first = look([], NOON, main="a")

    assert look(first, NOON + MINUTE, main="a") == first


def test_a_force_push_is_seen() -> None:
    first = look([], NOON, main="ab")

    (moved,) = look(first, NOON + MINUTE, main="ac")

    assert moved.is_rewritten
    assert (moved.rewritten_at, moved.rewritten_from) == (NOON + MINUTE, "ab")


def test_a_branch_that_was_deleted_and_made_again_with_another_history_is_rewritten() -> None:
    seen = look(look([], NOON, main="ab"), NOON + MINUTE)
    assert seen[0].gone_at == NOON + MINUTE

    (back,) = look(seen, NOON + 2 * MINUTE, main="ac")

    assert back.is_rewritten
    assert back.first_seen_at == NOON + 2 * MINUTE
    assert back.gone_at is None


def test_what_is_long_gone_is_forgotten() -> None:
    seen = look(look([], NOON, main="a"), NOON + MINUTE)

    assert look(seen, NOON + timedelta(days=89)) == seen
    assert look(seen, NOON + timedelta(days=91)) == []


def due(trigger: Trigger, seen: list[SeenBranch], *past: tuple[str, str]) -> str:
    done = [PastAutomatic(commit, branch, NOON + timedelta(hours=1)) for commit, branch in past]
    found = due_release(trigger, seen, done, NOON)
    return found.commit if found is not None else ""


def test_what_was_there_at_the_first_look_is_not_released() -> None:
    seen = look([], NOON, main="a", release_1="a")

    assert due(MERGED, seen) == ""
    assert due(CREATED, seen) == ""


def test_a_merge_is_released_once() -> None:
    seen = look(look([], NOON, main="a"), NOON + MINUTE, main="ab")

    assert due(MERGED, seen) == "ab"
    assert due(MERGED, seen, ("ab", "main")) == ""


def test_a_merge_to_another_branch_is_not() -> None:
    seen = look(look([], NOON, main="a", develop="a"), NOON + MINUTE, main="a", develop="ab")

    assert due(MERGED, seen) == ""


def test_a_history_that_was_replaced_is_not_released_and_what_follows_it_is() -> None:
    seen = look(look([], NOON, main="ab"), NOON + MINUTE, main="ac")
    assert due(MERGED, seen) == ""

    assert due(MERGED, look(seen, NOON + 2 * MINUTE, main="acd")) == "acd"


def test_a_new_branch_is_released_once_however_it_goes_on() -> None:
    seen = look(look([], NOON, main="a"), NOON + MINUTE, main="a", release_1="ab")
    assert due(CREATED, seen) == "ab"

    later = look(seen, NOON + 2 * MINUTE, main="a", release_1="abc")

    assert due(CREATED, later) == "abc", "it was not ordered yet: the newest is"
    assert due(CREATED, later, ("ab", "release/1")) == ""


def test_only_the_newest_of_several_new_branches_is_released() -> None:
    seen = look(
        look([], NOON, main="a"), NOON + MINUTE, main="a", **{"release_1.9": "ab", "release_1.10": "ac"}
    )

    assert due(CREATED, seen) == "ac"
    assert due(CREATED, seen, ("ac", "release/1.10")) == "", "what it has overtaken is not released after it"


def test_a_new_tag_is_released_and_a_branch_of_its_name_is_not() -> None:
    tags = after_look([], [BranchHead("v1", "a")], NOON + MINUTE, contains, are_tags=True)
    branches = after_look([], [BranchHead("v1", "b")], NOON + MINUTE, contains)

    assert due(TAGGED, [*tags, *branches]) == "a"


def test_a_tag_that_was_moved_is_rewritten_and_not_released_again() -> None:
    first = after_look([], [BranchHead("v1", "a")], NOON + MINUTE, contains, are_tags=True)
    moved = after_look(first, [BranchHead("v1", "ab")], NOON + 2 * MINUTE, contains, are_tags=True)

    assert moved[0].is_rewritten
    assert due(TAGGED, list(moved), ("a", "v1")) == ""


def test_numbers_in_names_are_numbers() -> None:
    assert sorted(["release/1.10", "release/1.9", "release/2"], key=natural) == [
        "release/1.9", "release/1.10", "release/2",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "wanted", "is_due"),
    [
        (None, None, True),
        (0, None, False),
        (60, None, True),
        (59, None, False),
        (30, 20, True),
        (30, 31, False),
        (4, 3, False),
        (5, 3, True),
    ],
    ids=["never", "just-now", "its-time", "not-yet", "news", "old-news", "too-many-news", "news-again"],
)
def test_a_source_is_asked_when_it_is_due_or_has_news(
    asked: int | None, wanted: int | None, is_due: bool
) -> None:
    asked_at, wanted_at = (
        None if each is None else NOON - timedelta(seconds=each) for each in (asked, wanted)
    )

    assert is_look_due(asked_at, wanted_at, MINUTE, NOON) is is_due


def test_proofs_are_asked_for_ever_more_seldom() -> None:
    assert is_proof_due(None, NOON, NOON)
    assert not is_proof_due(NOON, NOON, NOON + timedelta(seconds=4))
    assert is_proof_due(NOON, NOON, NOON + timedelta(seconds=5))
    assert not is_proof_due(NOON - MINUTE, NOON - timedelta(hours=1), NOON)
    assert is_proof_due(NOON - 3 * MINUTE, NOON - timedelta(hours=1), NOON)
