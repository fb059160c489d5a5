"""nginx by a file that its configuration includes: written whole, checked, then loaded.

nginx has no interface to ask what it has loaded. So the file holds a little server as well that tells it:
what answers there is the configuration that serves.
"""

import time
from collections.abc import Sequence
from contextlib import suppress

import httpx
import psutil

from toban.chapters.release.engine import DeployFailed
from toban.chapters.release.engines.proxy.balancers.balancer import Routes, Upstream
from toban.chapters.release.engines.proxy.config import NginxBinding
from toban.chapters.release.engines.proxy.program import call
from toban.chapters.release.trust import trust
from toban.engine.supervision.home import write_whole
from toban.message import Message, plain

_TIMEOUT = 5.0
_LOADED_WITHIN = 30.0
_LEAVES = "shutting down"
"""In the title of a worker that accepts nothing more."""

_NOTHING = "server 127.0.0.1:1 down;"
"""An upstream must not be empty."""


class Nginx:
    """A running nginx."""

    def __init__(self, config: NginxBinding) -> None:
        self._config = config

    def routes(self, pool: str) -> Sequence[Upstream]:
        """See `Balancer`."""
        return sorted(self._loaded().get(pool, ()))

    def route(self, wanted: Routes) -> None:
        """See `Balancer`.

        Loads what is loaded already, too: a worker of Toban that was killed may have begun that just now, and
        until it is over, workers of nginx that know nothing of it accept beside those that do.
        """
        file, before = self._config.file, self._written()
        try:
            write_whole(file, written(wanted, self._config))
            # The workers of nginx run as another account than its master, which reads it.
            file.chmod(0o644)
        except OSError as error:
            said = Message("release-proxy.file-unwritable", file=file, why=error.strerror)
            raise DeployFailed(said) from error
        try:
            call(self._config.test)
            workers = self._workers()
            call(self._config.reload)
            self._wait_until_loaded(wanted, workers)
        except DeployFailed:
            # What is written is loaded at the next start of nginx: it must be what serves.
            if before is not None:
                write_whole(file, before)
                file.chmod(0o644)
                with suppress(DeployFailed):
                    call(self._config.reload)
            raise

    def in_flight(self, address: str) -> int | None:  # noqa: ARG002
        """See `Balancer`. nginx counts no requests by upstream, but each worker that leaves has one at least.

        It may still pass that on by the configuration of before.
        """
        return sum(map(_leaves, self._workers())) or None

    def forget(self, address: str) -> None:
        """See `Balancer`: nothing is left of it."""

    def _written(self) -> str | None:
        try:
            return self._config.file.read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            said = Message("release-proxy.file-unreadable", file=self._config.file, why=plain(str(error)))
            raise DeployFailed(said) from error

    def _loaded(self) -> Routes:
        return _read(self._said()) if self._written() is not None else {}

    def _workers(self) -> Sequence[psutil.Process]:
        """Return the workers that accept requests now, where they can be seen."""
        with suppress(DeployFailed, psutil.Error, ValueError):
            master = psutil.Process(int(self._said().partition(" ")[0])).parent()
            return master.children() if master else ()
        return ()

    def _said(self) -> str:
        """Return what the running nginx says: the number of a worker, and its routes."""
        url = f"http://{self._config.status}/"
        try:
            return (
                httpx.get(url, timeout=_TIMEOUT, verify=trust(asks_environment=True)).raise_for_status().text
            )
        except httpx.HTTPError as error:
            said = Message("release-proxy.nginx-silent", url=url, why=plain(str(error)))
            raise DeployFailed(said, hint=Message("release-proxy.look-at-nginx"), retry=True) from error

    def _has_loaded(self, wanted: Routes) -> bool:
        with suppress(DeployFailed):
            return self._loaded() == {pool: sorted(each) for pool, each in wanted.items() if each}
        return False

    def _wait_until_loaded(self, wanted: Routes, former: Sequence[psutil.Process]) -> None:
        """Wait until a new worker answers, and no worker of before accepts: for a moment, both do."""
        end = time.monotonic() + _LOADED_WITHIN
        while not self._has_loaded(wanted) or any(map(_accepts, former)):
            if time.monotonic() >= end:
                said = Message("release-proxy.nginx-not-loaded", seconds=round(_LOADED_WITHIN))
                raise DeployFailed(said, hint=Message("release-proxy.look-at-nginx"), retry=True)
            time.sleep(0.02)


def written(routes: Routes, config: NginxBinding) -> str:
    """Return the file's text. Pure."""
    parts = ["# Written by Toban; changes are overwritten at the next release.\n"]
    for pool, upstreams in routes.items():
        servers = [f"server {each.address} weight={each.weight};" for each in upstreams] or [_NOTHING]
        inner = [*(f"{each};" for each in config.directives), *servers]
        parts.append(f"upstream {pool} {{\n" + "".join(f"    {line}\n" for line in inner) + "}\n")
    said = " ".join(
        f"{pool}={each.address}*{each.weight}" for pool, upstreams in routes.items() for each in upstreams
    )
    parts.append(
        f"server {{\n    listen {config.status};\n    access_log off;\n    default_type text/plain;\n"
        f'    location / {{ return 200 "$pid {said}"; }}\n}}\n'
    )
    return "".join(parts)


def _accepts(worker: psutil.Process) -> bool:
    try:
        return worker.is_running() and not _leaves(worker)
    except psutil.Error:
        return False


def _leaves(worker: psutil.Process) -> bool:
    with suppress(psutil.Error):
        return _LEAVES in " ".join(worker.cmdline())
    return False


def _read(answer: str) -> Routes:
    found: dict[str, list[Upstream]] = {}
    for part in answer.split()[1:]:
        pool, _, rest = part.partition("=")
        address, _, weight = rest.rpartition("*")
        if not weight.isdecimal():
            raise DeployFailed(Message("release-proxy.nginx-unreadable", said=plain(answer[:200])))
        found.setdefault(pool, []).append(Upstream(address, int(weight)))
    return {pool: sorted(each) for pool, each in found.items()}
