"""Three machines on the loopback network, each with sshd, a home and an application that answers by HTTP."""

import hashlib
import io
import shutil
import tarfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.integration.remote_host import RemoteHost, serving
from tests.ports import free_port

from toban.chapters.release.bindings import HealthBinding
from toban.chapters.release.engine import Artifact, DeploySite
from toban.chapters.release.engines.ssh import parked
from toban.chapters.release.engines.ssh.config import SshDeployment
from toban.chapters.release.engines.ssh.engine import SshEngine
from toban.engine.bindings.secret import Secret
from toban.message import NOTHING, Message

LOOPBACK = [f"127.0.0.{number}" for number in range(1, 6)]
"""The addresses of the machines, and of one that is not there."""
NOBODY = "127.0.0.5"

RESTART = ("sh", "-c", 'cp version ../../../served && echo "$RELEASE_VERSION" >>../../../restarts', "restart")
"""Has the application of this machine serve what `current` leads to."""


@dataclass
class Watch:
    """Records what is told, and asks for the end once a line says a given word."""

    said: list[str] = field(default_factory=list)
    percents: list[float | None] = field(default_factory=list)
    stop_after: str = "\0"
    reason: object = "cancelled"
    _stop: object | None = None

    def say(self, text: Message | str) -> None:
        self.said.append(str(text))
        if self.stop_after in str(text):
            self._stop = self.reason

    def progress(self, percent: float | None, text: Message | str = NOTHING) -> None:  # noqa: ARG002
        self.percents.append(percent)

    def why_stop(self) -> object | None:
        return self._stop


@dataclass
class Machine:
    """One host, and what its application does."""

    host: RemoteHost
    home: Path

    @property
    def name(self) -> str:
        return self.host.name

    @property
    def shop(self) -> Path:
        return self.home / "shop"

    def serves(self) -> str:
        """Return the version that the application has loaded; empty if it has loaded none."""
        served = self.home / "served"
        return served.read_text().strip() if served.exists() else ""

    def link(self) -> str:
        """Return the version that the link leads to; empty if there is none."""
        current = self.shop / "current"
        return (current / "version").read_text().strip() if current.is_symlink() else ""

    def restarts(self) -> Sequence[str]:
        """Return the version of each restart."""
        log = self.home / "restarts"
        return log.read_text().split() if log.exists() else ()

    def versions(self) -> set[str]:
        """Return the names of all that lies in the folder of versions."""
        releases = self.shop / "releases"
        return {each.name for each in releases.iterdir()} if releases.exists() else set()

    def empty(self) -> None:
        """Make it a new machine."""
        for each in self.home.iterdir():
            shutil.rmtree(each) if each.is_dir() else each.unlink()


@dataclass
class Machines:
    """All of them, and the engine on them."""

    all: Sequence[Machine]
    known_hosts: Path
    health_port: int
    folder: Path

    def config(self, **more: object) -> SshDeployment:
        first = self.all[0].host
        settings: dict[str, object] = {
            "hosts": tuple(each.name for each in self.all),
            "port": first.port,
            "user": first.user,
            "key": Secret(f"file:{self.folder}/key"),
            "known_hosts": self.known_hosts,
            "path": "shop",
            "restart": RESTART,
            "connect_timeout": "5秒",
        }
        return SshDeployment.model_validate({**settings, **more})

    def engine(self, **more: object) -> SshEngine:
        site = DeploySite("web", "本番", "shop", self.folder, self.folder)
        return SshEngine(self.config(**more), site)

    def gated(self, within: str = "2秒") -> HealthBinding:
        """Return the question whether an application is healthy: one that serves a `bad` version is not."""
        url = f"http://{{instance}}:{self.health_port}/health"
        return HealthBinding.model_validate({"url": url, "within": within})

    def versions(self) -> set[str]:
        """Return what the applications serve, all of them together."""
        return {each.serves() for each in self.all}


def artifact(folder: Path, label: str, files: Mapping[str, str] | None = None, *, size: int = 0) -> Artifact:
    """Return a version whose file `version` holds its *label*."""
    archive = folder / f"{label}.tar"
    with tarfile.open(archive, "w") as tar:
        for name, content in {"version": f"{label}\n", **(files or {}), "filling": "x" * size}.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            member.mode = 0o755 if content.startswith("#!") else 0o644
            tar.addfile(member, io.BytesIO(content.encode()))
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    return Artifact("shop", digest, hashlib.sha1(label.encode()).hexdigest(), label, archive)  # noqa: S324


@contextmanager
def machines(folder: Path, count: int = 3, *, has_srv: bool = False) -> Iterator[Machines]:
    """Run the machines inside the block; see `remote_host.serving`."""
    port, health_port = free_port(), free_port()
    with ExitStack() as stack:
        found: list[Machine] = []
        for number in range(2, 2 + count):
            host = stack.enter_context(serving("openssh", f"127.0.0.{number}", port, has_srv=has_srv))
            machine = Machine(host, host.home)
            # One login for all.
            (host.folder / "user.pub").write_bytes(
                (found[0].host if found else host).key.with_suffix(".pub").read_bytes()
            )
            stack.enter_context(_application(machine, health_port))
            found.append(machine)
        known = folder / "known_hosts"
        known.write_text("".join(each.host.write_known_hosts().read_text() for each in found))
        (folder / "key").write_bytes(found[0].host.key.read_bytes())
        yield Machines(found, known, health_port, folder)
        parked.close_all()


@contextmanager
def _application(machine: Machine, port: int) -> Iterator[None]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            served = machine.serves()
            self.send_response(500 if "bad" in served or not served else 200)
            self.end_headers()
            self.wfile.write(served.encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Write no log."""

    server = ThreadingHTTPServer((machine.name, port), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
