"""A real Git host on loopback: repositories made by `git`, served by `git http-backend`."""

import base64
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

GIT = shutil.which("git") or "git"
NAMI = "Nami <nami@example.com>"
KEI = "Kei <kei@example.com>"


type Files = Mapping[str, str | bytes]


@dataclass
class Repository:
    """A bare repository, and a work tree that pushes to it."""

    bare: Path
    work: Path
    clock: int = 1_790_000_000
    """Seconds; each commit is a minute later."""
    committer: str = NAMI

    @classmethod
    def make(cls, folder: Path, name: str = "shop.git") -> "Repository":
        bare, work = folder / "served" / name, folder / f"work-{name}"
        made = cls(bare, work)
        for place, options in ((bare, ["--bare"]), (work, [])):
            place.mkdir(parents=True)
            made.git("init", "--quiet", "--initial-branch=main", *options, at=place)
        made.git("config", "http.receivepack", "true", at=bare)
        made.git("remote", "add", "origin", str(bare))
        return made

    def git(self, *arguments: str, at: Path | None = None, **variables: str) -> str:
        """Run git in the work tree, and return what it writes."""
        name, _, address = self.committer.rstrip(">").partition(" <")
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_AUTHOR_NAME": "Nami",
            "GIT_AUTHOR_EMAIL": "nami@example.com",
            "GIT_COMMITTER_NAME": name,
            "GIT_COMMITTER_EMAIL": address,
            "GIT_AUTHOR_DATE": f"{self.clock} +0900",
            "GIT_COMMITTER_DATE": f"{self.clock} +0900",
            **variables,
        }
        done = subprocess.run(
            [GIT, *arguments], cwd=at or self.work, env=environment, capture_output=True, check=False
        )
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode().strip()

    def commit(self, message: str, files: Files | None = None, author: str = NAMI) -> str:
        """Commit *files* by their paths, and return the hash."""
        for name, content in (files or {}).items():
            path = self.work / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        self.clock += 60
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", f"--author={author}", "-m", message)
        return self.head

    def merge(self, branch: str, message: str, author: str = NAMI) -> str:
        """Merge *branch* into the one that is checked out, and return the hash."""
        self.clock += 60
        name, _, address = author.rstrip(">").partition(" <")
        self.git(
            "merge", "--quiet", "--no-ff", branch, "-m", message,
            GIT_AUTHOR_NAME=name, GIT_AUTHOR_EMAIL=address,
        )  # fmt: skip
        return self.head

    @property
    def head(self) -> str:
        return self.git("rev-parse", "HEAD")

    def push(self, *refspecs: str) -> None:
        self.git("push", "--quiet", "--force", "origin", *(refspecs or ("--all",)))


@dataclass
class GitHost:
    """The server, and how it behaves."""

    folder: Path
    url: str = ""
    password: str = ""
    """What everybody must send, if there is one."""
    status: int = 0
    """What is answered instead, if there is one."""
    location: str = ""
    hangs: bool = False
    closing: threading.Event = field(default_factory=threading.Event)
    asked: list[Mapping[str, str]] = field(default_factory=list)


class _Handler(BaseHTTPRequestHandler):
    server: "_Server"

    def do_GET(self) -> None:
        host = self.server.host
        host.asked.append(dict(self.headers.items()))
        if host.hangs:
            host.closing.wait(30)
            return
        if host.status:
            self._refuse(host.status, {"Location": host.location} if host.location else {})
        elif host.password and not self._is_let_in(host.password):
            self._refuse(401, {"WWW-Authenticate": 'Basic realm="git"'})
        else:
            self._serve(host.folder)

    def do_POST(self) -> None:
        self.do_GET()

    def _is_let_in(self, password: str) -> bool:
        sent = self.headers.get("authorization", "").removeprefix("Basic ")
        return base64.b64decode(sent).decode().partition(":")[2] == password

    def _refuse(self, status: int, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": "0"}.items():
            self.send_header(name, value)
        self.end_headers()

    def _serve(self, folder: Path) -> None:
        path, _, query = self.path.partition("?")
        body = self._body()
        environment = {
            "PATH": os.environ["PATH"],
            "GIT_PROJECT_ROOT": str(folder),
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "safe.directory",
            "GIT_CONFIG_VALUE_0": "*",
            "REQUEST_METHOD": self.command,
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "CONTENT_TYPE": self.headers.get("content-type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_CONTENT_ENCODING": self.headers.get("content-encoding", ""),
            "GIT_PROTOCOL": self.headers.get("git-protocol", ""),
            "REMOTE_ADDR": "127.0.0.1",
        }
        done = subprocess.run(
            [GIT, "http-backend"], env=environment, input=body, capture_output=True, check=False
        )
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n") if line)
        self.send_response(int(headers.pop("Status", "200 OK").split()[0]))
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def _body(self) -> bytes:
        if self.headers.get("transfer-encoding", "") != "chunked":
            return self.rfile.read(int(self.headers.get("content-length", 0)))
        found = b""
        while size := int(self.rfile.readline(), 16):
            found += self.rfile.read(size)
            self.rfile.readline()
        return found

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's own name
        """Write no log."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, host: GitHost) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.host = host

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore clients that hang up early: some tests are about them."""


@contextmanager
def serving(folder: Path) -> Iterator[GitHost]:
    """Serve the repositories in *folder*."""
    host = GitHost(folder)
    server = _Server(host)
    host.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield host
    finally:
        host.closing.set()
        server.shutdown()
        thread.join()
        server.server_close()
