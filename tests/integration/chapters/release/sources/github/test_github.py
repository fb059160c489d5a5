"""GitHub as a source: a real repository for git, and the API as GitHub's own contract describes it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.integration.chapters.release.git_host import GitHost, Repository
from tests.integration.chapters.release.git_host import serving as serving_git
from tests.integration.chapters.release.sources.github.contract import TOKEN, example, serving
from tests.integration.chapters.release.sources.github.repository import (
    GitHub,
    person,
    repository,
    review,
    run,
    status,
    written_by,
)

from toban.chapters.release.source import Proof, ProofKind, SourceFailed
from toban.chapters.release.sources.github import KIND, api
from toban.chapters.release.sources.github.config import GitHubSourceConfig
from toban.chapters.release.sources.github.source import GitHubSource
from toban.message import Message, message_of, plain


@dataclass
class Forge(GitHub):
    """The repository, and what Toban keeps of it."""

    home: Path

    def source(self, **more: object) -> GitHubSource:
        config = GitHubSourceConfig.model_validate(
            {
                "repository": "acme/shop",
                "token": "env:GITHUB_TOKEN",
                "api": self.api.url,
                "clone_url": f"{self.git.url}/acme/shop.git",
                "timeout": 2,
                **more,
            }
        )
        found = GitHubSource(config, self.home)
        found.fetch()
        return found

    def proof(self, kind: ProofKind, **more: object) -> Proof:
        found = {each.kind: each for each in self.source(**more).proofs(self.commit)}
        assert found.keys() == set(ProofKind)
        return found[kind]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[GitHost, Repository]]:
    folder = tmp_path_factory.mktemp("github")
    repository = Repository.make(folder, "acme/shop.git")
    repository.commit("shop: it opens", {"shop.py": "print(1)\n"})
    repository.push()
    with serving_git(folder / "served") as host:
        host.password = TOKEN
        yield host, repository


@pytest.fixture
def forge(
    served: tuple[GitHost, Repository], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Forge]:
    monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
    monkeypatch.setattr(api, "_waits", {})
    with serving("acme/shop") as github:
        made = Forge(github, *served, tmp_path)
        made.checked([], [])
        made.api.on("GET ", repository())
        made.api.on(f"GET /commits/{made.commit}/pulls", [])
        yield made


def test_the_tree_comes_by_git_with_the_same_token(forge: Forge, tmp_path: Path) -> None:
    into = tmp_path / "tree"
    into.mkdir()

    source = forge.source()
    source.export(source.resolve("main"), into)

    assert (into / "shop.py").read_text() == "print(1)\n"
    assert list(source.doubts()) == []
    assert source.label(forge.commit) == forge.commit[:12]


def test_an_approval_by_somebody_else_of_the_very_head_is_a_review(forge: Forge) -> None:
    forge.merged()
    forge.reviewed(review("hubot"))

    proof = forge.proof(ProofKind.REVIEW)

    assert proof.is_given is True
    assert proof.said == Message("release-github.approved-by", number=7, people=("hubot",))
    assert proof.at is not None
    assert forge.proof(ProofKind.MERGE).is_given is True


@pytest.mark.parametrize(
    ("reviews", "code"),
    [
        ([], "not-approved"),
        ([("mona", {})], "own-approval"),
        ([("Mona", {})], "own-approval"),
        ([("hubot", {"commit_id": "0" * 40})], "approved-before-the-end"),
        ([("hubot", {}), ("hubot", {"state": "CHANGES_REQUESTED", "at": 2})], "changes-requested"),
        ([("hubot", {}), ("kei", {"state": "CHANGES_REQUESTED", "at": 2})], "changes-requested"),
        ([("hubot", {}), ("hubot", {"state": "DISMISSED", "at": 2})], "not-approved"),
        ([("hubot", {"state": "COMMENTED"})], "not-approved"),
        ([("hubot", {"author_association": "NONE"})], "not-approved"),
        ([("hubot", {"author_association": "CONTRIBUTOR"})], "not-approved"),
        ([("bot", {"user": "Bot"})], "not-approved"),
        ([("", {"user": None})], "not-approved"),
    ],
    ids=[
        "none", "the-author", "the-author-in-capitals", "an-older-head", "changes-asked-for-later",
        "changes-asked-for-by-another", "dismissed", "a-comment", "a-stranger", "somebody-from-outside",
        "a-program", "an-account-that-is-gone",
    ],
)  # fmt: skip
def test_everything_else_is_none(forge: Forge, reviews: list[tuple[str, dict[str, Any]]], code: str) -> None:
    forge.merged()
    made = []
    for login, more in reviews:
        user = more.get("user", "User")
        made.append(review(login, **{**more, "user": person(login, user) if user else None}))
    forge.reviewed(*made)

    proof = forge.proof(ProofKind.REVIEW)

    assert proof.is_given is False
    assert proof.said.code == f"release-github.{code}"


def test_a_comment_after_an_approval_takes_nothing_back(forge: Forge) -> None:
    forge.merged()
    forge.reviewed(review("hubot"), review("hubot", "COMMENTED", 2))

    assert forge.proof(ProofKind.REVIEW).is_given is True


@pytest.mark.parametrize(
    "commits",
    [
        [("mona", ""), ("hubot", "")],
        [("mona", "Co-authored-by: Hubot <1234+hubot@users.noreply.github.com>")],
    ],
    ids=["pushed-to-it", "co-author"],
)
def test_whoever_has_written_a_part_of_it_does_not_review_it(
    forge: Forge, commits: list[tuple[str, str]]
) -> None:
    forge.merged()
    forge.api.on("GET /pulls/7/commits", [written_by(*each) for each in commits])
    forge.reviewed(review("hubot"))

    assert forge.proof(ProofKind.REVIEW).said.code == "release-github.own-approval"


@pytest.mark.parametrize(
    "more",
    [{"merged_at": None}, {"merge_commit_sha": "1" * 40}, {"base": "feature"}, {"base": "fork"}],
    ids=["not-merged", "merged-as-another-commit", "merged-elsewhere", "merged-in-a-fork"],
)
def test_only_the_pull_request_that_became_this_commit_counts(forge: Forge, more: dict[str, Any]) -> None:
    if "base" in more:
        base = example("pull-request-simple-items")[0]["base"]
        name = "evil/shop" if more["base"] == "fork" else "acme/shop"
        ref = "main" if more["base"] == "fork" else "feature"
        more = {"base": {**base, "ref": ref, "repo": {**base["repo"], "full_name": name}}}
    forge.merged(**more)
    forge.reviewed(review("hubot"))

    assert forge.proof(ProofKind.REVIEW).said.code == "release-github.no-pull-request"


def test_reviews_are_read_to_the_last_page(forge: Forge) -> None:
    forge.merged()
    forge.reviewed(*(review("kei", "COMMENTED", 1) for _ in range(150)), review("hubot", at=2))

    assert forge.proof(ProofKind.REVIEW).is_given is True
    assert forge.api.count("GET /pulls/7/reviews") == 2


@pytest.mark.parametrize(
    ("runs", "statuses", "more", "code"),
    [
        (["build"], ["lint"], {}, "checks-passed"),
        ([], ["lint"], {}, "checks-passed"),
        ([], [], {}, "no-checks"),
        (["build!"], ["lint"], {}, "checks-failed"),
        (["build", "test?"], [], {}, "checks-run"),
        (["build"], ["lint!"], {}, "checks-failed"),
        (["build"], ["lint?"], {}, "checks-run"),
        (["build", "deploy?"], [], {"ignored_checks": ["deploy*"]}, "checks-passed"),
        (["build"], [], {"required_checks": ["test"]}, "checks-missing"),
        (["build", "build!"], [], {}, "checks-failed"),
        ([], ["toban/production"], {}, "no-checks"),
    ],
)
def test_checks_are_given_if_all_of_that_commit_are_green(
    forge: Forge, runs: list[str], statuses: list[str], more: dict[str, Any], code: str
) -> None:
    """`!` stands for a failure, and `?` for one under way."""
    conclusions = {"!": "failure", "?": None}
    states = {"!": "failure", "?": "pending"}
    forge.checked(
        [run(each.rstrip("!?"), conclusions.get(each[-1], "success")) for each in runs],
        [status(each.rstrip("!?"), states.get(each[-1], "success")) for each in statuses],
    )

    proof = forge.proof(ProofKind.CHECKS, **more)

    assert proof.said.code == f"release-github.{code}"
    assert proof.is_given is (code == "checks-passed")


def test_skipped_and_neutral_checks_are_green_and_cancelled_ones_are_not(forge: Forge) -> None:
    forge.checked([run("a"), run("b", "skipped"), run("c", "neutral")], [])
    assert forge.proof(ProofKind.CHECKS).is_given is True

    forge.checked([run("a"), run("b", "cancelled")], [])
    assert forge.proof(ProofKind.CHECKS).is_given is False


def test_the_commit_shows_how_its_release_stands(forge: Forge) -> None:
    sent: list[Any] = []

    def answer(asked: Any) -> tuple[int, Any]:
        sent.append(asked.body)
        return 201, example("status")

    forge.api.on(f"POST /statuses/{forge.commit}", answer)
    source = forge.source()

    for is_done, said in ((False, "x" * 200), (True, "v1.4.2"), (None, "it failed")):
        source.announce(forge.commit, "本番環境", is_done=is_done, said=plain(said))

    assert [each["state"] for each in sent] == ["pending", "success", "failure"]
    assert {each["context"] for each in sent} == {"toban/本番環境"}
    assert len(sent[0]["description"]) == 140
    assert [each for each in sent if "target_url" in each] == []


def test_the_status_of_a_commit_leads_to_the_page_of_its_release(forge: Forge) -> None:
    sent: list[Any] = []

    def answer(asked: Any) -> tuple[int, Any]:
        sent.append(asked.body)
        return 201, example("status")

    forge.api.on(f"POST /statuses/{forge.commit}", answer)
    url = "https://toban.example.com/releases/12/"
    forge.source().announce(forge.commit, "本番環境", is_done=True, said=plain("v1"), url=url)

    assert [each["target_url"] for each in sent] == [url]


@pytest.mark.parametrize(
    ("reply", "code", "retry"),
    [
        ((401, {"message": "Bad credentials"}), "token-refused", False),
        ((403, {"message": "Resource not accessible by personal access token"}), "token-too-weak", False),
        ((404, {"message": "Not Found"}), "not-found", False),
        ((301, {"message": "Moved Permanently"}, {"Location": "https://evil.example.com/"}), "moved", False),
        ((422, {"message": "Validation Failed"}), "not-accepted", False),
        ((502, {"message": "Server Error"}), "refused", True),
        ((403, {"message": "secondary rate limit"}, {"Retry-After": "30"}), "asked-too-often", True),
        ((429, {"message": "too many"}), "asked-too-often", True),
        ((403, {"message": "rate limit"}, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "99999999999"}),
         "asked-too-often", True),
        ((200, {"message": "not a list"}), "answer-unreadable", True),
    ],
)  # fmt: skip
def test_refusals_are_said_in_an_operators_words(forge: Forge, reply: Any, code: str, retry: bool) -> None:
    source = forge.source()
    forge.api.refusal = reply

    with pytest.raises(SourceFailed) as failure:
        source.proofs(forge.commit)

    assert message_of(failure.value).code == f"release-github.{code}"
    assert failure.value.retry is retry
    assert TOKEN not in str(failure.value)


def test_nothing_is_asked_while_github_wants_to_be_left_alone(forge: Forge) -> None:
    source = forge.source()
    forge.api.refusal = (429, {"message": "too many"}, {"Retry-After": "60"})
    for _ in range(5):
        with pytest.raises(SourceFailed):
            source.proofs(forge.commit)

    assert len(forge.api.asked) == 1


def test_a_wrong_token_is_not_shown_even_if_the_answer_repeats_it(
    forge: Forge, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = forge.source()
    monkeypatch.setenv("GITHUB_TOKEN", "another-secret")
    forge.api.refusal = (403, {"message": "no another-secret here"})

    with pytest.raises(SourceFailed) as failure:
        source.proofs(forge.commit)

    assert "another-secret" not in str(failure.value)


def test_an_api_that_hangs_is_given_up_in_time(forge: Forge) -> None:
    source = forge.source(timeout=0.5)
    forge.api.is_hanging = True

    with pytest.raises(SourceFailed) as failure:
        source.proofs(forge.commit)

    assert message_of(failure.value).code == "release-github.no-answer-in-time"


def test_doubts_name_what_is_missing(forge: Forge, tmp_path: Path) -> None:
    source = forge.source(webhook_secret="env:NO_SUCH_SECRET", trunk="master")

    first, second = source.doubts()

    assert "NO_SUCH_SECRET" in str(first)
    assert isinstance(second, tuple)
    assert second[0].code == "release-git.no-trunk"
    forge.api.refusal = (401, {"message": "Bad credentials"})
    (refused,) = KIND.doubts(source._config.model_copy(update={"webhook_secret": None}), tmp_path)
    assert isinstance(refused, tuple)
    assert refused[0].code == "release-github.token-refused"
