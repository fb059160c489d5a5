"""The engine that wraps what a team has: one command deploys, one goes back, one says what serves."""

import tempfile
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from toban.chapters.release.engine import Artifact, DeployFailed, DeploySite, DeployWatch
from toban.chapters.release.engines.command.config import CommandDeployment
from toban.chapters.release.engines.command.known import digest_of, newest_of, served_here
from toban.engine.runs.commands.command import LocalCommand
from toban.engine.runs.commands.filling import PLACE
from toban.engine.runs.rules import RunReason
from toban.engine.runs.steps.hearing import PassedOn
from toban.engine.runs.work import StepFailed
from toban.message import NOTHING, Message, message_of, plain

_MOST_INSTANCES = 1000
_LAST_WORDS = 500


@dataclass(frozen=True, slots=True)
class CommandEngine:
    """See `DeployEngine`."""

    config: CommandDeployment
    site: DeploySite

    def installed(self) -> Collection[str]:
        """Return what served here lately, if the tool keeps that; otherwise each version is brought again."""
        return served_here(self.site.name, self.config.keep) if self.config.keeps_versions else ()

    def serving(self) -> Mapping[str, str]:
        """Return instance → digest, by what the command writes; raise `DeployFailed` if it can't tell."""
        return {name: digest_of(self.site.service, version) for name, version in self._said().items()}

    def install(self, artifact: Artifact, watch: DeployWatch) -> None:
        """Do nothing: the command brings the version and switches to it in one."""

    def switch(self, artifact: Artifact, watch: DeployWatch, *, back: bool = False) -> None:
        """Deploy, or go back; then look whether it serves. If it does not, bring back what served before."""
        former = self._now()
        if back and former and set(former.values()) == {artifact.digest}:
            # A command that goes back must not go back twice.
            return
        try:
            self._run(self._way(back=back), artifact, _Hearer(watch))
            self._require(artifact)
        except StepFailed as failed:
            if failed.reason is RunReason.FENCED:
                # Another worker is at it.
                raise DeployFailed(message_of(failed), retry=True) from failed
            raise self._after(message_of(failed), former, watch, back=back) from failed

    def prune(self, keep: Collection[str]) -> None:
        """Do nothing: the tool removes what it does not keep."""

    def _way(self, *, back: bool) -> tuple[str, ...]:
        return self.config.go_back if back and self.config.go_back else self.config.deploy

    def _run(self, command: tuple[str, ...], artifact: Artifact, hearer: "_Hearer") -> None:
        values = {
            "version": artifact.label,
            "commit": artifact.commit,
            "digest": artifact.digest,
            "archive": str(artifact.archive or ""),
            "image": artifact.image,
            "environment": self.site.environment,
        }
        filled = tuple(PLACE.sub(lambda place: values.get(place[1], place[0]), each) for each in command)
        told = {f"RELEASE_{name.upper()}": value for name, value in values.items()}
        try:
            LocalCommand(filled, self._folder).run(hearer, told)
        except StepFailed as failed:
            said = Message("release-command.failed", command=command[0], why=message_of(failed))
            raise StepFailed(said, failed.reason) from failed

    def _require(self, artifact: Artifact) -> None:
        """Raise `StepFailed` unless every instance serves *artifact*."""
        try:
            found = self.serving()
        except DeployFailed as error:
            raise StepFailed(message_of(error)) from error
        wrong = tuple(name for name, digest in found.items() if digest != artifact.digest)
        if wrong:
            said = Message("release-command.serves-otherwise", version=artifact.label, instances=wrong)
            raise StepFailed(said)

    def _after(
        self, why: Message, former: Mapping[str, str], watch: DeployWatch, *, back: bool
    ) -> DeployFailed:
        """Return what is to be said after a command failed: what serves now, brought back if possible."""
        now = self._now()
        if former and now == former:
            return DeployFailed(Message("release-command.unchanged", why=why))
        before = newest_of(self.site.service, former.values())
        # The way back is no way forward: what it left is bad.
        if before is None or back:
            return DeployFailed(Message("release-command.serves-now", why=why, serving=self._words()))
        try:
            self._run(self._way(back=True), before, _Hearer(watch, is_stoppable=False))
            self._require(before)
        except StepFailed as failed:
            said = Message(
                "release-command.not-back", why=why, trouble=message_of(failed), serving=self._words()
            )
            return DeployFailed(said, hint=Message("release-command.look-at-it"))
        return DeployFailed(Message("release-command.back", why=why, version=before.label))

    def _now(self) -> Mapping[str, str]:
        """Return what serves, as far as the command can tell: before the first release it can't."""
        try:
            return self.serving()
        except DeployFailed:
            return {}

    def _words(self) -> Message:
        """Say what serves now, in the command's own words."""
        try:
            said = self._said()
        except DeployFailed as error:
            return message_of(error)
        return plain(", ".join(f"{name}: {version}" for name, version in said.items()))

    def _said(self) -> Mapping[str, str]:
        """Return instance → what the command writes of it."""
        hearer = _Listener(self.config.serving_within.total_seconds())
        command = self.config.serving
        told = {"RELEASE_ENVIRONMENT": self.site.environment}
        with tempfile.TemporaryFile() as errors:
            try:
                LocalCommand(command, self._folder).run(hearer, told, errors)
            except StepFailed as failed:
                said = Message(
                    "release-command.can-not-tell",
                    command=command[0],
                    why=message_of(failed),
                    words=_tail(errors),
                )
                raise DeployFailed(said, retry=failed.reason is not RunReason.NOT_RUNNABLE) from failed
        found = _instances(hearer.lines, self.site.environment)
        if not found:
            raise DeployFailed(Message("release-command.said-nothing", command=command[0]))
        return found

    @property
    def _folder(self) -> Path:
        return self.config.folder or self.site.folder


def _instances(lines: Sequence[str], alone: str) -> Mapping[str, str]:
    """Return instance → version from *lines*; a version *alone* on its line is that of the environment."""
    words = [line.rsplit(None, 1) for line in lines[:_MOST_INSTANCES] if line.strip()]
    return {(each[0].strip() if len(each) > 1 else alone): each[-1] for each in words}


def _tail(errors: IO[bytes]) -> str:
    size = errors.seek(0, 2)
    errors.seek(max(0, size - _LAST_WORDS))
    return errors.read().decode("utf-8", "replace").strip()


@dataclass
class _Hearer(PassedOn[DeployWatch]):
    """Passes on what a command writes to the watch of a deployment."""

    is_stoppable: bool = True

    def why_stop(self) -> RunReason | None:
        stop = self.turn.why_stop() if self.is_stoppable else None
        return stop if isinstance(stop, RunReason) or stop is None else RunReason.STOPPED


@dataclass
class _Listener:
    """Keeps what a command writes, and ends it when its time is over."""

    seconds: float
    lines: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._end = time.monotonic() + self.seconds

    def say(self, text: Message | str) -> None:
        if len(self.lines) < _MOST_INSTANCES:
            self.lines += str(text).splitlines()

    def progress(self, percent: float | None, text: Message | str = NOTHING) -> None:
        """Drop it."""

    def why_stop(self) -> RunReason | None:
        return RunReason.TIMED_OUT if time.monotonic() >= self._end else None
