"""Git repositories over HTTP: a small server around `git http-backend`. See git-http-backend(1)."""

import os
import shutil
import subprocess
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import override
from urllib.parse import urlsplit

_MOST_BYTES = 64 * 1024**2
"""Of a push."""


class RepositoryServer(ThreadingHTTPServer):
    """Serves all repositories in a folder on a loopback port."""

    daemon_threads = True

    def __init__(self, folder: Path, port: int) -> None:
        super().__init__(("127.0.0.1", port), _Request)
        self.folder = folder


class _Request(BaseHTTPRequestHandler):
    server: RepositoryServer

    def do_GET(self) -> None:
        self._run(b"")

    def do_POST(self) -> None:
        length = self.headers.get("content-length", "")
        if not length.isdecimal() or int(length) > _MOST_BYTES:
            self.send_error(411)
            return
        self._run(self.rfile.read(int(length)))

    def _run(self, content: bytes) -> None:
        where = urlsplit(self.path)
        done = subprocess.run(
            [shutil.which("git") or "git", "http-backend"],
            input=content,
            capture_output=True,
            check=False,
            env={
                "PATH": os.environ.get("PATH", os.defpath),
                "GIT_PROJECT_ROOT": str(self.server.folder),
                "GIT_HTTP_EXPORT_ALL": "1",
                "GIT_CONFIG_GLOBAL": "/dev/null",
                "GIT_PROTOCOL": self.headers.get("git-protocol", ""),
                "HTTP_CONTENT_ENCODING": self.headers.get("content-encoding", ""),
                "CONTENT_LENGTH": str(len(content)),
                "CONTENT_TYPE": self.headers.get("content-type", ""),
                "PATH_INFO": where.path,
                "QUERY_STRING": where.query,
                "REMOTE_ADDR": "127.0.0.1",
                "REQUEST_METHOD": self.command,
            },
        )
        head, _, body = done.stdout.partition(b"\r\n\r\n")
        headers = dict(line.decode("latin-1").split(": ", 1) for line in head.split(b"\r\n") if b": " in line)
        status = headers.pop("Status", "200" if head else "500").split()[0]
        self.send_response(int(status))
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    @override
    def log_message(self, format: str, *args: object) -> None:
        """Requests are not logged."""
