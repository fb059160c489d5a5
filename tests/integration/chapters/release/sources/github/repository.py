"""A repository on GitHub: the API by GitHub's own contract, a git host, and what people have done there."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.integration.chapters.release.git_host import GitHost, Repository
from tests.integration.chapters.release.sources.github.contract import GitHubServer, example

HEAD = "6dcb09b5b57875f334f61aebed695e2e4193db5e"
"""The last commit of the pull request, before it was merged."""


@dataclass
class GitHub:
    """The API, the git host, and the repository that both speak of."""

    api: GitHubServer
    git: GitHost
    repository: Repository

    @property
    def commit(self) -> str:
        return self.repository.head

    def merged(self, **more: object) -> None:
        """Have a pull request of mona's merged as the head of the trunk."""
        pull = example("pull-request-simple-items")[0]
        base = {**pull["base"], "ref": "main", "repo": {**pull["base"]["repo"], "full_name": "acme/shop"}}
        pull |= {
            "number": 7, "merged_at": "2026-11-10T01:00:00Z", "merge_commit_sha": self.commit, "base": base,
            "head": {**pull["head"], "sha": HEAD}, "user": person("mona"), "requested_teams": [], "html_url": "https://github.com/acme/shop/pull/7",
        }  # fmt: skip
        self.api.on(f"GET /commits/{self.commit}/pulls", [{**pull, **more}])
        self.api.on("GET /pulls/7/reviews", [])
        self.api.on("GET /pulls/7/commits", [written_by("mona")])

    def reviewed(self, *reviews: Mapping[str, Any]) -> None:
        self.api.on("GET /pulls/7/reviews", list(reviews))

    def checked(self, runs: list[Any], statuses: list[Any]) -> None:
        status = example("combined-commit-status")
        status |= {"statuses": statuses, "total_count": len(statuses)}
        self.api.on(f"GET /commits/{self.commit}/check-runs", {"total_count": len(runs), "check_runs": runs})
        self.api.on(f"GET /commits/{self.commit}/status", status)


def repository() -> dict[str, Any]:
    """Return GitHub's example, with what its own contract demands."""
    found: dict[str, Any] = example("full-repository-default-response")
    for each in (found, found["source"], found["parent"]):
        each["language"] = "Python"
    return found


def person(login: str, kind: str = "User") -> dict[str, Any]:
    return {**example("pull-request-review-items")[0]["user"], "login": login, "type": kind}


def written_by(login: str, message: str = "a change") -> dict[str, Any]:
    found: dict[str, Any] = example("commit-items")[0]
    inner = {**found["commit"], "message": message}
    return {**found, "author": person(login), "commit": inner}


def review(login: str, state: str = "APPROVED", at: int = 1, **more: Any) -> dict[str, Any]:
    found: dict[str, Any] = example("pull-request-review-items")[0]
    found |= {"user": person(login), "state": state, "commit_id": HEAD, "author_association": "MEMBER"}
    return {**found, "submitted_at": f"2026-11-10T00:{at:02}:00Z", **more}


def run(name: str, conclusion: str | None = "success", **more: Any) -> dict[str, Any]:
    found: dict[str, Any] = copy.deepcopy(example("check-run-paginated")["check_runs"][0])
    status = "completed" if conclusion else "in_progress"
    return {**found, "name": name, "status": status, "conclusion": conclusion, **more}


def status(context: str, state: str = "success") -> dict[str, Any]:
    return {**example("combined-commit-status")["statuses"][0], "context": context, "state": state}
