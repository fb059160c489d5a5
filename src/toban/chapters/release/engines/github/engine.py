"""The engine that has a workflow of GitHub Actions deploy, and follows it to its end.

What serves is what GitHub's deployments say: the newest one of the environment that succeeded. GitHub does
not look at the hosts; `[deployments.NAME.health]` does.
"""

import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from toban.chapters.release.engine import Artifact, DeployFailed, DeploySite, DeployWatch
from toban.chapters.release.engines.command.known import digest_of, served_here
from toban.chapters.release.engines.github.config import GitHubDeployment
from toban.chapters.release.engines.github.progress import ProgressFile, SwitchProgress
from toban.chapters.release.source import SourceFailed
from toban.chapters.release.sources.github.api import GitHubApi
from toban.chapters.release.sources.github.proofs import moment
from toban.message import Message, plain

_TASK = "toban"
"""The task of Toban's own deployments on GitHub: those of a workflow's job name the workflow's commit."""
_MOST_DEPLOYMENTS = "30"
_LOOKS = 12
"""At the list of runs, until one that was started must be there."""
_SKEW = timedelta(seconds=10)
"""How far this machine's clock may be ahead of GitHub's."""
_REFUSED = "release-github.not-accepted"
_STEP = 0.5
_OK = 200
_BAD = frozenset({"failure", "error"})


class GitHubEngine:
    """One environment. See `DeployEngine`."""

    keeps_versions = True

    def __init__(
        self, config: GitHubDeployment, site: DeploySite, *, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._config = config
        self._site = site
        self._sleep = sleep
        self._environment = config.github_environment or site.name
        self._file = ProgressFile(site.home)
        self._api = GitHubApi(
            config.api, config.repository, config.token, config.answer_within, config.ca_file, config.proxy
        )

    def installed(self) -> Collection[str]:
        """Return what served here lately: the workflow takes any commit."""
        return served_here(self._site.name, self._config.keep)

    def serving(self) -> Mapping[str, str]:
        """Return the digest of the newest deployment that succeeded; see `DeployEngine`."""
        with _failures():
            for each in self._deployments():
                if self._state(each) == "success":
                    return {self._environment: digest_of(self._site.service, str(each.get("sha", "")))}
        return {self._environment: ""}

    def install(self, artifact: Artifact, watch: DeployWatch) -> None:
        """Do nothing: the workflow brings the version and switches to it in one."""

    def switch(self, artifact: Artifact, watch: DeployWatch, *, back: bool = False) -> None:
        """Have a workflow deploy *artifact*; or wait until the one that has asked has done so."""
        if self.serving()[self._environment] == artifact.digest:
            self._file.remove()
            return
        progress = self._file.read(artifact.digest)
        if self._config.asks and not back:
            self._await_report(artifact, progress or self._begin(artifact), watch)
        elif self._config.workflow:
            self._carry_out(artifact, progress, watch)
        else:
            raise DeployFailed(
                Message("release-github.only-asks", version=artifact.label),
                hint=Message("release-github.run-the-workflow", commit=artifact.commit),
            )
        self._file.remove()

    def prune(self, keep: Collection[str]) -> None:
        """Do nothing: the workflow's own hosts keep what they keep."""

    def _begin(self, artifact: Artifact) -> SwitchProgress:
        with _failures():
            known = [int(each["id"]) for each in self._deployments()]
        begun = SwitchProgress(artifact.digest, datetime.now(UTC).isoformat(timespec="seconds"), known)
        self._file.write(begun)
        return begun

    def _await_report(self, artifact: Artifact, progress: SwitchProgress, watch: DeployWatch) -> None:
        """Wait for a new deployment of the commit by the workflow that has asked."""
        watch.say(Message("release-github.may-deploy", version=artifact.label))
        while True:
            with _passing(watch):
                new = [
                    each
                    for each in self._deployments(artifact.commit)
                    if int(each["id"]) not in progress.known
                ]
                state = self._state(new[0]) if new else ""
                if state == "success":
                    return
                if state in _BAD:
                    self._file.remove()
                    raise self._failed(artifact, str(new[0].get("url", "")))
            if (reason := self._pause(watch)) is not None:
                raise DeployFailed(
                    Message("release-github.no-report", version=artifact.label, reason=reason),
                    hint=Message("release-github.look-at-the-workflow"),
                )

    def _carry_out(self, artifact: Artifact, progress: SwitchProgress | None, watch: DeployWatch) -> None:
        """Start the workflow, unless it was started before, and follow it to its end."""
        if progress is None:
            progress = self._begin(artifact)
            run = self._dispatch(artifact)
        else:
            # Killed before it knew the run: it may have been started, or not.
            run = progress.run or self._run_since(progress) or self._dispatch(artifact)
        run = run or self._listed_run(progress, watch)
        if not progress.run:
            progress = replace(progress, run=run)
            self._file.write(progress)
        if not progress.deployment:
            recorded = self._insist(lambda: self._recorded(artifact), artifact, watch)
            progress = replace(progress, deployment=recorded)
            self._file.write(progress)
        outcome, url = self._followed(run, artifact, progress, watch)
        state = "success" if outcome == "success" else "failure"
        self._insist(lambda: self._report(progress, state, url), artifact, watch)
        if state == "failure":
            self._file.remove()
            raise self._failed(artifact, url)

    def _dispatch(self, artifact: Artifact) -> int:
        """Start the workflow; return its run, or 0 if GitHub does not say which it is."""
        inputs = {"version": artifact.label, "commit": artifact.commit, "digest": artifact.digest}
        at = f"/actions/workflows/{self._config.workflow}/dispatches"
        wanted = {"ref": self._config.ref, "inputs": inputs}
        with _failures():
            try:
                answer = self._api.post(at, {**wanted, "return_run_details": True})
            except SourceFailed as error:
                if error.args[0].code != _REFUSED:
                    raise
                # An older server, which does not know how to say which run it is.
                answer = self._api.post(at, wanted)
        found = answer.content if answer.status == _OK and isinstance(answer.content, dict) else {}
        return int(found.get("workflow_run_id") or 0)

    def _run_since(self, progress: SwitchProgress) -> int:
        """Return the run of the workflow that was started since the switch began; 0 if there is none."""
        began = datetime.fromisoformat(progress.began_at) - _SKEW
        with _failures():
            found = self._api.get(
                f"/actions/workflows/{self._config.workflow}/runs",
                event="workflow_dispatch",
                branch=self._config.ref,
                per_page="10",
            )
        runs = found.get("workflow_runs", []) if isinstance(found, dict) else []
        new = [each for each in runs if (at := moment(each.get("created_at"))) is not None and at >= began]
        return int(new[-1]["id"]) if new else 0

    def _listed_run(self, progress: SwitchProgress, watch: DeployWatch) -> int:
        for _ in range(_LOOKS):
            if run := self._run_since(progress):
                return run
            if self._pause(watch) is not None:
                break
        raise DeployFailed(
            Message("release-github.run-not-found", workflow=self._config.workflow), retry=True
        )

    def _followed(
        self, run: int, artifact: Artifact, progress: SwitchProgress, watch: DeployWatch
    ) -> tuple[str, str]:
        """Return the conclusion of *run*, and its address; it is cancelled if the release is stopped."""
        at, url = f"/actions/runs/{run}", ""
        while True:
            found = self._insist(lambda: self._api.get(at), artifact, watch)
            if not url:
                url = str(found.get("html_url", ""))
                watch.say(Message("release-github.runs-at", url=url))
                self._insist(partial(self._report, progress, "in_progress", url), artifact, watch)
            if found.get("status") == "completed":
                return str(found.get("conclusion")), url
            if (reason := self._pause(watch)) is not None:
                with _passing(watch):
                    self._api.post(f"{at}/cancel")
                raise _stopped(artifact, reason)

    def _insist[T](self, act: Callable[[], T], artifact: Artifact, watch: DeployWatch) -> T:
        """Return what *act* does, tried again while the API is away: the workflow goes on meanwhile."""
        while True:
            with _passing(watch):
                return act()
            if (reason := self._pause(watch)) is not None:
                raise _stopped(artifact, reason)

    def _recorded(self, artifact: Artifact) -> int:
        """Record the deployment on GitHub: of this commit, whichever the workflow itself was taken from."""
        wanted = {
            "ref": artifact.commit,
            "task": _TASK,
            "environment": self._environment,
            "auto_merge": False,
            "required_contexts": [],
            "description": artifact.label[:140],
            "payload": {"digest": artifact.digest, "version": artifact.label},
        }
        return int(self._api.post("/deployments", wanted).content["id"])

    def _report(self, progress: SwitchProgress, state: str, url: str) -> None:
        said = {"state": state, "log_url": url, "environment": self._environment, "auto_inactive": True}
        self._api.post(f"/deployments/{progress.deployment}/statuses", said)

    def _deployments(self, commit: str = "") -> list[Any]:
        query = {"environment": self._environment, "per_page": _MOST_DEPLOYMENTS}
        if commit:
            query["sha"] = commit
        if not self._config.asks:
            query["task"] = _TASK
        found = self._api.get("/deployments", **query)
        return found if isinstance(found, list) else []

    def _state(self, deployment: Mapping[str, Any]) -> str:
        found = self._api.get(f"/deployments/{int(deployment['id'])}/statuses", per_page="1")
        return str(found[0].get("state", "")) if isinstance(found, list) and found else ""

    def _pause(self, watch: DeployWatch) -> object | None:
        """Wait until the next look; return why the release is stopped, or None."""
        for _ in range(max(round(self._config.look_every.total_seconds() / _STEP), 1)):
            if (reason := watch.why_stop()) is not None:
                return reason
            self._sleep(_STEP)
        return None

    def _failed(self, artifact: Artifact, url: str) -> DeployFailed:
        return DeployFailed(
            Message("release-github.workflow-failed", version=artifact.label, url=plain(url)),
            hint=Message("release-github.look-at-the-workflow"),
        )


@contextmanager
def _failures() -> Iterator[None]:
    """Raise what the API refuses as `DeployFailed`."""
    try:
        yield
    except SourceFailed as error:
        raise DeployFailed(error.args[0], hint=error.hint, retry=error.retry) from error


@contextmanager
def _passing(watch: DeployWatch) -> Iterator[None]:
    """Say that the API is away for a while; raise everything else that it refuses as `DeployFailed`."""
    try:
        yield
    except SourceFailed as error:
        if not error.retry:
            raise DeployFailed(error.args[0], hint=error.hint) from error
        watch.say(error.args[0])


def _stopped(artifact: Artifact, reason: object) -> DeployFailed:
    said = Message("release-github.stopped", version=artifact.label, reason=reason)
    return DeployFailed(said, hint=Message("release-github.look-at-the-workflow"), retry=True)
