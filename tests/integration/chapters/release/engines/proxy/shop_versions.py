"""A small server in several versions, as the artefacts that are released."""

import hashlib
import io
import tarfile
from pathlib import Path

from toban.chapters.release.engine import Artifact

_SERVER = """
import os, sys, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

LABEL, CONDITION = {label!r}, {condition!r}


class Server(ThreadingHTTPServer):
    request_queue_size = 256
    daemon_threads = True


class Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if self.path.startswith("/slow"):
            time.sleep(1.5)
        is_sick = os.path.exists("sick") or CONDITION == "unhealthy"
        self.send_response(500 if is_sick and self.path == "/healthz" else 200)
        words = f"{{LABEL}} {{os.environ['RELEASE_INSTANCE']}}".encode()
        self.send_header("content-length", str(len(words)))
        self.end_headers()
        self.wfile.write(words)

    def log_message(self, *_):
        pass


if CONDITION == "dies":
    sys.exit("the shelf is missing: " + os.environ.get("SHELF", "none"))
Server(("127.0.0.1", int(sys.argv[1])), Answer).serve_forever()
"""


def program(label: str, condition: str = "") -> str:
    """Return the version *label* as a program: it answers with its label and the number of its instance."""
    return _SERVER.format(label=label, condition=condition)


def made(folder: Path, label: str, condition: str = "") -> Artifact:
    """Make the version *label*: it answers with its label and the number of its instance."""
    content = program(label, condition).encode()
    archive = folder / f"{label}.tar"
    with tarfile.open(archive, "w") as tar:
        entry = tarfile.TarInfo("server.py")
        entry.size = len(content)
        tar.addfile(entry, io.BytesIO(content))
    return Artifact("shop", digest_of(archive), f"commit-{label}", label, archive)


def digest_of(archive: Path) -> str:
    """Return the digest of an archive."""
    return hashlib.sha256(archive.read_bytes()).hexdigest()
