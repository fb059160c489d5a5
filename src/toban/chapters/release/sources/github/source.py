"""GitHub as a source of releases: the tree and the history by git, the proofs by the REST API."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import override

from toban.chapters.release.source import Proof, SourceFailed
from toban.chapters.release.sources.git.mirrored import MirroredSource
from toban.chapters.release.sources.git.proofs import merge
from toban.chapters.release.sources.git.source import bound_branches, remote_heads, trunk_doubts
from toban.chapters.release.sources.github import proofs
from toban.chapters.release.sources.github.api import GitHubApi
from toban.chapters.release.sources.github.config import OWN_STATUS, GitHubSourceConfig
from toban.engine.bindings.secret import SecretUnavailable
from toban.engine.git.program import Access, GitFailed, over_https
from toban.engine.git.trouble import explained
from toban.engine.trial import Doubt
from toban.message import Message, message_of

_USERNAME = "x-access-token"
_LONGEST_DESCRIPTION = 140
_STATES = {True: "success", False: "pending", None: "failure"}


class GitHubSource(MirroredSource):
    """One repository. See `ReleaseSource`."""

    def __init__(self, config: GitHubSourceConfig, folder: Path) -> None:
        super().__init__(config, config.remote, folder)
        self._config = config
        self._api = GitHubApi(
            config.api, config.repository, config.token, config.timeout, config.ca_file, config.proxy
        )

    @override
    def access(self) -> Access:
        """See `MirroredSource`."""
        config = self._config
        return over_https(config.remote, _USERNAME, config.token, config.ca_file, config.proxy)

    def proofs(self, commit: str) -> Sequence[Proof]:
        """See `ReleaseSource`."""
        self.mirror.require(commit)
        config = self._config
        branches = bound_branches(self.mirror.containing(commit), config)
        return (
            self._review(commit),
            merge(branches, config.trunk, config.release_branches),
            self._checks(commit),
        )

    def announce(
        self, commit: str, environment: str, *, is_done: bool | None, said: Message, url: str = ""
    ) -> None:
        """Set the commit's status `toban/ENVIRONMENT`; of several the newest counts."""
        self.mirror.require(commit)
        status = {
            "state": _STATES[is_done],
            "context": f"{OWN_STATUS}/{environment}",
            "description": str(said)[:_LONGEST_DESCRIPTION],
            **({"target_url": url} if url else {}),
        }
        self._api.post(f"/statuses/{commit}", status)

    def doubts(self) -> Iterable[Doubt]:
        """Yield what would keep it from working now."""
        secret = self._config.webhook_secret
        if secret is not None:
            try:
                secret.reveal()
            except SecretUnavailable as error:
                yield message_of(error)
        try:
            self._api.get("")
            heads = remote_heads(self._config.remote, self.access())
        except GitFailed as error:
            yield explained(error).doubt
        except SourceFailed as error:
            yield error.doubt
        else:
            yield from trunk_doubts(heads, self._config)

    def _review(self, commit: str) -> Proof:
        pulls = self._api.items(f"/commits/{commit}/pulls")
        found = proofs.merged_pull(pulls, commit, self._config.repository, self._is_bound)
        if found is None:
            return proofs.without_pull()
        at = f"/pulls/{int(found['number'])}"
        return proofs.review(found, self._api.items(f"{at}/reviews"), self._api.items(f"{at}/commits"))

    def _checks(self, commit: str) -> Proof:
        at = f"/commits/{commit}"
        return proofs.checks(
            self._api.items(f"{at}/check-runs", "check_runs", filter="latest"),
            self._api.items(f"{at}/status", "statuses"),
            self._config.counts,
            self._config.required_checks,
        )

    def _is_bound(self, branch: str) -> bool:
        return bool(bound_branches([branch], self._config))
