"""Caddy, HAProxy and nginx, started for a test with a configuration as their users write it."""

import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests import asking
from tests.ports import free_port

_CADDY = {
    "admin": {"listen": "127.0.0.1:{admin}", "config": {"persist": False}},
    "apps": {
        "http": {
            "servers": {
                "shop": {
                    "listen": ["127.0.0.1:{front}"],
                    "routes": [{"handle": [{"@id": "shop", "handler": "reverse_proxy"}]}],
                },
                "first": {
                    "listen": ["127.0.0.1:{first}"],
                    "routes": [
                        {
                            "match": [{"path": ["/second"]}],
                            "handle": [{"@id": "shop-2", "handler": "reverse_proxy"}],
                        },
                        {
                            "match": [{"path": ["/third"]}],
                            "handle": [{"@id": "shop-3", "handler": "reverse_proxy"}],
                        },
                        {"handle": [{"@id": "shop-1", "handler": "reverse_proxy"}]},
                    ],
                },
            }
        }
    },
}

_HAPROXY = """
global
    stats socket {socket} level admin
defaults
    mode http
    timeout connect 2s
    timeout client 10s
    timeout server 10s
frontend shop
    bind 127.0.0.1:{front}
    default_backend shop
frontend first
    bind 127.0.0.1:{first}
    use_backend shop-3 if {{ path /third }}
    default_backend shop-1
backend shop
    balance roundrobin
backend shop-1
    balance roundrobin
backend shop-2
    balance roundrobin
backend shop-3
    balance roundrobin
"""

_NGINX = """
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 512; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/toban/*.conf;
    server {{ listen 127.0.0.1:{front}; location / {{ proxy_pass http://shop; }} }}
    server {{ listen 127.0.0.1:{first}; location / {{ proxy_pass http://shop-1; }}
        location /third {{ proxy_pass http://shop-3; }} }}
}}
"""


@dataclass
class RealProxy:
    """A proxy of the test's own."""

    folder: Path
    kind: str
    command: list[str]
    binding: Mapping[str, Any]
    front: int
    first: int
    ready: Callable[[], bool]
    environment: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where customers go."""
        return f"http://127.0.0.1:{self.front}"

    def start(self) -> None:
        """Start it, and wait until it can be asked."""
        with (self.folder / "proxy.log").open("ab") as log:
            self.process = subprocess.Popen(
                self.command, env={**os.environ, **self.environment}, stdout=log, stderr=log
            )
        end = time.monotonic() + 15
        while not self.ready():
            said = (self.folder / "proxy.log").read_text()[-2000:]
            assert self.process.poll() is None, said
            assert time.monotonic() < end, said
            time.sleep(0.02)

    def stop(self) -> None:
        """End it."""
        if self.process is not None:
            self.process.terminate()
            self.process.wait(10)
            self.process = None


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"needs {name} (Debian: apt-get install {name})")
    return found


def _answers(url: str) -> Callable[[], bool]:
    def is_answering() -> bool:
        try:
            asking.get(url, timeout=1)
        except httpx.HTTPError:
            return False
        return True

    return is_answering


def caddy(folder: Path) -> RealProxy:
    """Caddy, whose handlers read from files where to go, which nobody has written yet."""
    return _caddy(folder, lambda pool: [{"dial": f"{{file.{folder}/{pool}/{each}}}"} for each in range(20)])


def patched_caddy(folder: Path) -> RealProxy:
    """Caddy, whose handlers have no upstream yet."""
    return _caddy(folder, lambda _pool: None)


def _caddy(folder: Path, upstreams: Callable[[str], object]) -> RealProxy:
    ports = {name: free_port() for name in ("admin", "front", "first")}
    text = json.dumps(_CADDY)
    for pool in ("shop", "shop-1", "shop-2", "shop-3"):
        named = json.dumps({"@id": pool, "handler": "reverse_proxy"})
        text = text.replace(named, json.dumps({**json.loads(named), "upstreams": upstreams(pool)}))
    for name, port in ports.items():
        text = text.replace(f"{{{name}}}", str(port))
    (folder / "caddy.json").write_text(text)
    admin = f"http://127.0.0.1:{ports['admin']}"
    return RealProxy(
        folder,
        "caddy",
        [_program("caddy"), "run", "--config", str(folder / "caddy.json")],
        {"kind": "caddy", "id": "shop", "each": "shop-{number}", "admin": admin},
        ports["front"],
        ports["first"],
        _answers(f"{admin}/config/"),
        {"HOME": str(folder)},
    )


def haproxy(folder: Path) -> RealProxy:
    """HAProxy, whose backends have no server yet."""
    program = _program("haproxy")
    front, first = free_port(), free_port()
    # A socket's path may have 97 characters, and the folders of tests are deep.
    socket = f"{tempfile.mkdtemp(prefix='ha-')}/haproxy.sock"
    (folder / "haproxy.cfg").write_text(_HAPROXY.format(socket=socket, front=front, first=first))
    return RealProxy(
        folder,
        "haproxy",
        [program, "-db", "-f", str(folder / "haproxy.cfg")],
        {"kind": "haproxy", "backend": "shop", "each": "shop-{number}", "socket": socket},
        front,
        first,
        _answers(f"http://127.0.0.1:{front}/"),
        {"LD_LIBRARY_PATH": _libraries(program)},
    )


def nginx(folder: Path) -> RealProxy:
    """Run nginx with what Toban writes when nothing has been released."""
    program = _program("nginx")
    front, first, status = free_port(), free_port(), f"127.0.0.1:{free_port()}"
    (folder / "toban").mkdir()
    (folder / "toban/shop.conf").write_text(
        "upstream shop { server 127.0.0.1:1 down; }\nupstream shop-1 { server 127.0.0.1:1 down; }\n"
        "upstream shop-3 { server 127.0.0.1:1 down; }\n"
        f'server {{ listen {status}; location / {{ return 200 "$pid"; }} }}\n'
    )
    (folder / "nginx.conf").write_text(_NGINX.format(folder=folder, front=front, first=first))
    command = [program, "-c", str(folder / "nginx.conf"), "-p", str(folder), "-e", str(folder / "error.log")]
    return RealProxy(
        folder,
        "nginx",
        [*command, "-g", "daemon off;"],
        {
            "kind": "nginx",
            "upstream": "shop",
            "each": "shop-{number}",
            "file": str(folder / "toban/shop.conf"),
            "status": status,
            "test": [*command, "-t", "-q"],
            "reload": [*command, "-s", "reload"],
        },
        front,
        first,
        _answers(f"http://{status}/"),
    )


def _libraries(program: str) -> str:
    # Unpacked and not installed, it does not find its own.
    return str(next(Path(program).parents[1].glob("lib/*-linux-gnu"), ""))


MAKE = {"caddy": caddy, "patched-caddy": patched_caddy, "haproxy": haproxy, "nginx": nginx}
