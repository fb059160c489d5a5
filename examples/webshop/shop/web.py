"""The shop's web machine: its proxy, and the repository of its front. `python -m shop.web --place DIR …`.

What serves the pages is a version of the front (`front/`), which Toban brings here as chapter 5 of its
document orders. Caddy stands before it: as production, staging and development, and before each instance of
production for the monitors.
"""

import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

import click

from shop.bill import keep_billing
from shop.history import make, make_documents
from shop.old_logs import keep_packing
from shop.repository import RepositoryServer
from toban.engine.supervision.tether import tethered

ENVIRONMENTS = {"shop": "shop", "staging": "shop-staging", "development": "shop-development"}
"""The port of an environment → the `@id` of its handler in Caddy."""

INSTANCES = {"web": "shop-1", "web-2": "shop-2"}
"""The same for the instances of production."""
ADDED = range(3, 11)
"""The numbers of those that may be added: their handlers are on paths of the last one's port."""

FILES = 20
"""Each names an instance that gets a twentieth of the requests."""


def caddy_configuration(routes: Path, ports: Mapping[str, int]) -> dict[str, object]:
    """Return its configuration: files below *routes*, one folder for each `@id`, say where requests go."""
    servers = {}
    for name, handler in (ENVIRONMENTS | INSTANCES).items():
        others = ADDED if name == list(INSTANCES)[-1] else ()
        more = [
            {
                "match": [{"path": [f"/{number}/*"]}],
                "handle": [_proxy(routes, f"shop-{number}")],
                "terminal": True,
            }
            for number in others
        ]
        servers[name] = {
            "listen": [f"127.0.0.1:{ports[name]}"],
            "automatic_https": {"disable": True},
            "routes": [*more, {"handle": [_proxy(routes, handler)]}],
        }
    return {
        "admin": {"listen": f"127.0.0.1:{ports['caddy']}", "config": {"persist": False}},
        "logging": {"logs": {"default": {"level": "WARN"}}},
        "apps": {"http": {"servers": servers}},
    }


def _proxy(routes: Path, handler: str) -> dict[str, object]:
    upstreams = [{"dial": f"{{file.{routes / handler}/{number}}}"} for number in range(FILES)]
    return {
        "@id": handler,
        "handler": "reverse_proxy",
        "upstreams": upstreams,
        "load_balancing": {"try_duration": "2s"},
    }


def installed_caddy() -> str:
    """Return the Caddy that came with the `demo` extra."""
    beside = Path(sys.executable).with_name("caddy")
    found = str(beside) if beside.exists() else shutil.which("caddy")
    if found is None:
        raise click.ClickException("Caddy is not installed\nHINT: uv pip install 'toban[demo]'")
    return found


def hold(lock: Path) -> int:
    """Hold the lock of this machine until this process ends: what runs on it ends, too."""
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    return descriptor


@click.command()
@click.option("--place", type=click.Path(path_type=Path, file_okay=False), required=True)
@click.option("--port", "ports", type=(str, int), multiple=True, help="NAME and number of each port.")
def main(place: Path, ports: tuple[tuple[str, int], ...]) -> None:
    """Serve the repository, and run the proxy, until stopped."""
    numbers = dict(ports)
    hold(place / "web-lock")
    logs = place / "log"
    logs.mkdir(mode=0o750, exist_ok=True)
    threading.Thread(target=keep_packing, args=(logs,), daemon=True).start()
    threading.Thread(target=keep_billing, args=(place,), daemon=True).start()
    for folder in ("git", "routes", "caddy"):
        (place / folder).mkdir(mode=0o700, exist_ok=True)
    make(place / "git" / "shop.git")
    make_documents(place / "git" / "documents.git")
    server = RepositoryServer(place / "git", numbers["git"])
    threading.Thread(target=server.serve_forever, daemon=True).start()
    configuration = place / "caddy" / "caddy.json"
    configuration.write_text(json.dumps(caddy_configuration(place / "routes", numbers)), encoding="utf-8")
    command = [installed_caddy(), "run", "--config", str(configuration)]
    # Two processors are enough for it, and little memory: it is a demo's.
    small = {"HOME": str(place / "caddy"), "GOMAXPROCS": "2", "GOMEMLIMIT": "32MiB"}
    with subprocess.Popen(tethered(command, parent=os.getpid()), env={**os.environ, **small}) as caddy:
        opened = subprocess.Popen(
            tethered([sys.executable, "-m", "shop.opening", "--place", str(place)], parent=os.getpid())
        )
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: caddy.terminate())
        caddy.wait()
        opened.kill()
        opened.wait()


if __name__ == "__main__":
    main()
