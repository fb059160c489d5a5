"""Instances as processes of this machine, which live on while Toban restarts."""

import os
import shutil
import signal
import sys
import tarfile
import time
from collections.abc import Sequence
from contextlib import suppress
from hashlib import file_digest
from pathlib import Path

import psutil

from toban.chapters.release.engine import Artifact, DeployFailed, DeploySite, DeployWatch
from toban.chapters.release.engines.proxy.config import ProxyDeployment
from toban.chapters.release.engines.proxy.hosts import launcher
from toban.chapters.release.engines.proxy.hosts.host import filled, revealed, variables
from toban.chapters.release.engines.proxy.program import call
from toban.chapters.release.engines.proxy.records import Instance, Records, Version
from toban.chapters.release.engines.proxy.sockets import has_one_of, listening_on
from toban.message import NOTHING, Message, message_of, plain

_LAST_BYTES = 1000
_MOST_OUTPUT = 10 * 1024**2
_KILLED_WITHIN = 5.0


class Trees:
    """Versions that are folders: unpacked from the artefact's archive."""

    def __init__(self, config: ProxyDeployment) -> None:
        self._config = config

    def install(self, artifact: Artifact, folder: Path, watch: DeployWatch) -> None:
        """See `InstanceHost`: the folder has its name once everything is in it."""
        if artifact.archive is None:
            raise DeployFailed(Message("release-proxy.no-archive", label=artifact.label))
        draft = folder.with_name(f"{folder.name}.draft")
        shutil.rmtree(draft, ignore_errors=True)
        try:
            with artifact.archive.open("rb") as file:
                if file_digest(file, "sha256").hexdigest() != artifact.digest:
                    raise DeployFailed(Message("release-proxy.other-bytes", label=artifact.label))
                file.seek(0)
                with tarfile.open(fileobj=file) as archive:
                    archive.extractall(draft, filter="data")
        except (OSError, tarfile.TarError) as error:
            shutil.rmtree(draft, ignore_errors=True)
            said = Message("release-proxy.not-unpacked", label=artifact.label, why=message_of(error))
            raise DeployFailed(said, retry=isinstance(error, OSError)) from error
        if self._config.prestart:
            watch.say(Message("release-proxy.prestart", command=self._config.prestart[0]))
            self._prepare(artifact, draft)
        shutil.rmtree(folder, ignore_errors=True)
        draft.rename(folder)

    def remove(self, version: Version, folder: Path) -> None:  # noqa: ARG002
        """See `InstanceHost`."""
        shutil.rmtree(folder, ignore_errors=True)

    def _prepare(self, artifact: Artifact, folder: Path) -> None:
        told = {"RELEASE_COMMIT": artifact.commit, "RELEASE_VERSION": artifact.label}
        told |= self._config.variables
        secrets = revealed(self._config)
        call(
            [str(folder) if each == "{folder}" else each for each in self._config.prestart],
            within=self._config.timeout.total_seconds(),
            environment={**told, **secrets},
            secrets=secrets.values(),
            folder=folder,
        )


class Processes(Trees):
    """Processes of their own sessions: `hosts/launcher.py` starts them."""

    def __init__(self, config: ProxyDeployment, site: DeploySite, records: Records) -> None:
        super().__init__(config)
        self._site = site
        self._records = records

    def start(self, instance: Instance, version: Version, folder: Path) -> None:
        """See `InstanceHost`."""
        command = filled(self._config.start, instance, folder)
        files = (str(self._pid_file(instance)), str(self._output(instance)), str(folder))
        # If this process dies now, nobody else begins before the launcher has written who runs.
        lock = self._records.lock
        call(
            [sys.executable, "-I", "-S", launcher.__file__, str(lock), *files, "--", *command],
            inherited=(lock,),
            environment=variables(self._config, self._site, instance, version, folder),
            secrets=revealed(self._config).values(),
            called=command[0],
        )

    def serves(self, instance: Instance) -> str:
        """See `InstanceHost`."""
        return instance.digest if self._process(instance) is not None else ""

    def has_its_port(self, instance: Instance) -> bool:
        """See `InstanceHost`: it, or a process that it has started."""
        sockets = listening_on(instance.port)
        pid = self._process(instance)
        try:
            leader = psutil.Process(pid)
            family = [leader, *leader.children(recursive=True)]
            return any(has_one_of(sockets, member.pid) for member in family)
        except (psutil.AccessDenied, PermissionError):
            return True
        except (psutil.Error, OSError):
            return False

    def stop(self, instances: Sequence[Instance]) -> None:
        """See `InstanceHost`. Whole groups: what an instance has started ends with it."""
        running = [each for each in instances if self._process(each) is not None]
        for number, within in (
            (signal.SIGTERM, self._config.stop_within.total_seconds()),
            (signal.SIGKILL, _KILLED_WITHIN),
        ):
            for each in running:
                self._signal(each, number)
            end = time.monotonic() + within
            while running and time.monotonic() < end:
                time.sleep(0.02)
                running = [each for each in running if self._process(each) is not None]
        if running:
            ports = [each.port for each in running]
            raise DeployFailed(Message("release-proxy.will-not-end", ports=ports))
        for each in instances:
            self._pid_file(each).unlink(missing_ok=True)

    def limit_output(self, instance: Instance) -> None:
        """See `InstanceHost`. It appends: after this, it writes on at the beginning."""
        with suppress(OSError):
            if self._output(instance).stat().st_size > _MOST_OUTPUT:
                os.truncate(self._output(instance), 0)

    def last_words(self, instance: Instance) -> Message:
        """See `InstanceHost`."""
        try:
            with self._output(instance).open("rb") as file:
                size = file.seek(0, os.SEEK_END)
                file.seek(max(size - _LAST_BYTES, 0))
                return plain(file.read(_LAST_BYTES).decode("utf-8", "replace").strip())
        except OSError:
            return NOTHING

    def _process(self, instance: Instance) -> int | None:
        """Return the number of its process if that still runs, and not another with the same number."""
        try:
            number, _, mark = self._pid_file(instance).read_text(encoding="utf-8").partition(" ")
            process = psutil.Process(int(number))
            runs = process.status() not in {psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD}
        except (OSError, ValueError, psutil.Error):
            return None
        return process.pid if runs and launcher.started_at(process.pid) == mark else None

    def _signal(self, instance: Instance, number: signal.Signals) -> None:
        pid = self._process(instance)
        if pid is not None:
            with suppress(ProcessLookupError):
                os.killpg(pid, number)

    def _pid_file(self, instance: Instance) -> Path:
        return self._records.instances_folder / f"{instance.port}.pid"

    def _output(self, instance: Instance) -> Path:
        return self._records.instances_folder / f"{instance.port}.log"
