"""What trailers prove about a review."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from toban.chapters.release.source import Commit
from toban.chapters.release.sources.git.history import read_trailers
from toban.chapters.release.sources.git.proofs import checks, merge, review

NAMES = ("Reviewed-by", "Acked-by")
AT = datetime(2026, 11, 10, 11, tzinfo=UTC)


def commit(author: str = "Nami <nami@example.com>", trailers: str = "") -> Commit:
    return Commit("a" * 40, author, AT, "shop: a change", read_trailers(trailers))


def test_somebody_elses_trailer_is_a_review() -> None:
    change = commit(trailers="Reviewed-by: Kei <kei@example.com>")

    proof = review(change, [change], NAMES)

    assert proof.is_given is True
    assert proof.at == AT
    assert "Kei" in str(proof.said)


@pytest.mark.parametrize(
    "trailers",
    [
        "Reviewed-by: Nami <nami@example.com>",
        "Reviewed-by: N. <NAMI@example.com>",
        "Co-authored-by: Kei <kei@example.com>\nAcked-by: Kei <kei@example.com>",
    ],
    ids=["author", "the-same-address", "co-author"],
)
def test_whoever_has_written_a_commit_does_not_review_it(trailers: str) -> None:
    change = commit(trailers=trailers)

    assert review(change, [change], NAMES).is_given is False


def test_whoever_has_committed_another_authors_work_does_not_review_it() -> None:
    change = replace(commit(trailers="Reviewed-by: Kei <kei@example.com>"), committer="Kei <kei@example.com>")

    assert review(change, [change], NAMES).is_given is False


def test_a_commit_without_a_trailer_is_not_reviewed() -> None:
    assert review(commit(), [commit()], NAMES).is_given is False


def test_a_team_that_writes_no_reviews_down_proves_nothing_either_way() -> None:
    assert review(commit(), [commit()], ()).is_given is None


def test_two_who_reviewed_each_others_part_of_a_merge_have_reviewed_all_of_it() -> None:
    both = "Reviewed-by: Nami <nami@example.com>\nReviewed-by: Kei <kei@example.com>"
    written = [commit(), commit("Kei <kei@example.com>")]

    assert review(commit("Mio <mio@example.com>", both), written, NAMES).is_given is True


def test_one_who_has_written_a_part_of_a_merge_has_not_reviewed_all_of_it() -> None:
    one = "Reviewed-by: Kei <kei@example.com>"
    written = [commit(), commit("Kei <kei@example.com>")]

    assert review(commit("Mio <mio@example.com>", one), written, NAMES).is_given is False


def test_a_commit_on_no_bound_branch_is_not_merged() -> None:
    assert merge([], "main", "release*").is_given is False
    assert merge(["main"], "main", "release*").is_given is True


def test_git_knows_of_no_checks() -> None:
    assert checks(is_bound=False).is_given is None
    assert checks(is_bound=True).is_given is None
