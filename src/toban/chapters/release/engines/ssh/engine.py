"""The engine for hosts that are reached by SSH: a folder for each version, and one link that leads to it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from toban.chapters.release.engine import Artifact, DeployFailed, DeploySite, DeployWatch
from toban.chapters.release.engines.ssh import scripts
from toban.chapters.release.engines.ssh.config import SshDeployment
from toban.chapters.release.engines.ssh.faults import checked, not_asked, not_installed
from toban.chapters.release.engines.ssh.link import QUICK, ActStopped, Answer, Fleet, HostLink
from toban.chapters.release.engines.ssh.scripts import Arguments
from toban.chapters.release.engines.ssh.switching import Switch, name_of
from toban.message import Message


@dataclass(frozen=True, slots=True)
class SshEngine:
    """See `DeployEngine`."""

    config: SshDeployment
    site: DeploySite

    def installed(self) -> Collection[str]:
        """Return the digests that every host has."""
        each = [frozenset(answer.each("has")) for answer in self._listed().values()]
        return frozenset.intersection(*each)

    def serving(self) -> Mapping[str, str]:
        """Return host → digest of the version that its link leads to."""
        return {host: answer.after("serves") or "" for host, answer in self._listed().items()}

    def install(self, artifact: Artifact, watch: DeployWatch) -> None:
        """Send the archive to all hosts at once; each checks it, and unpacks it under another name first."""
        archive = artifact.archive
        if archive is None:
            raise DeployFailed(Message("release-ssh.no-archive", version=artifact.label))
        words = (artifact.digest, artifact.label.replace("\n", " "), artifact.commit)
        script = scripts.install(self.config.path, name_of(artifact), words, self.config.shared)

        async def bring(link: HostLink) -> Answer:
            return checked(await link.run(script, within=None, archive=archive))

        hosts = self.config.hosts
        with self._fleet(watch, total=archive.stat().st_size * len(hosts)) as fleet:
            try:
                _, failed = fleet.each(hosts, bring)
            except ActStopped as stopped:
                raise DeployFailed(Message("release-ssh.stopped"), retry=True) from stopped
        if failed:
            raise not_installed(failed, len(hosts))

    def switch(self, artifact: Artifact, watch: DeployWatch, *, back: bool = False) -> None:
        """Lead the links to *artifact* wave by wave; if that can't be finished, lead them back.

        The way back has one wave, and leaves out a host that is down: it is named in the end.
        """
        with self._fleet(watch) as fleet:
            Switch(self.config, fleet, watch, artifact, back=back).run()

    def prune(self, keep: Collection[str]) -> None:
        """Remove versions, and what was left of failed uploads."""
        self._looked(scripts.prune(self.config.path, sorted(keep)), within=None)

    def _listed(self) -> Mapping[str, Answer]:
        return self._looked(scripts.list_versions(self.config.path))

    def _looked(self, script: Arguments, within: float | None = QUICK) -> Mapping[str, Answer]:
        async def look(link: HostLink) -> Answer:
            return checked(await link.run(script, within=within))

        with self._fleet() as fleet:
            answers, failed = fleet.each(self.config.hosts, look)
        if failed:
            raise not_asked(failed)
        return answers

    def _fleet(self, watch: DeployWatch | None = None, total: int = 0) -> Fleet:
        hosts = {name: self.config.way(name) for name in self.config.hosts}
        return Fleet(hosts, {"RELEASE_ENVIRONMENT": self.site.environment}, watch, total=total)
