"""Caddy by its admin API: https://caddyserver.com/docs/api

One PATCH of a handler's upstreams is one new configuration, which Caddy puts in the place of the old at once,
and refuses as a whole if it is not valid. But its old server drops the connections that it has accepted and
not yet read from: under load, about one for each change.

So the upstreams may be files: `"dial": "{file./var/lib/toban/shop/1}"`. Caddy reads one for each request.
Toban makes `/var/lib/toban/shop` a link to a folder of them and changes where it leads: nothing is reloaded.
"""

import json
import re
import shutil
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from itertools import cycle, islice
from math import gcd
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx

from toban.chapters.release.engine import DeployFailed
from toban.chapters.release.engines.proxy.balancers.balancer import Routes, Upstream
from toban.chapters.release.engines.proxy.config import CaddyBinding
from toban.chapters.release.trust import trust
from toban.engine.supervision.home import write_whole
from toban.message import NOTHING, Message, plain

_TIMEOUT = 15.0
_MOST_WORDS = 500
_FILE = re.compile(r"\{file\.(/[^{}]+)\}")
_TRIES = 3


class Caddy:
    """A running Caddy."""

    def __init__(self, config: CaddyBinding) -> None:
        path = config.admin.removeprefix("unix:")
        is_socket = path != config.admin
        self._admin = config.admin
        self._base = "http://127.0.0.1" if is_socket else config.admin.rstrip("/")
        self._socket = path if is_socket else None

    def routes(self, pool: str) -> Sequence[Upstream]:
        """See `Balancer`. An address that is listed more often has a greater weight."""
        counts = Counter(filter(None, map(_address, self._dials(pool))))
        common = gcd(*counts.values())
        return sorted(Upstream(address, count // common) for address, count in counts.items())

    def route(self, wanted: Routes) -> None:
        """See `Balancer`."""
        for pool, upstreams in wanted.items():
            if self.routes(pool) == sorted(upstreams):
                continue
            dials = self._dials(pool)
            files = [Path(match[1]) for match in map(_FILE.fullmatch, dials) if match]
            if files:
                write_files(files, upstreams)
            else:
                content = [{"dial": each.address} for each in upstreams for _ in range(each.weight)]
                # PATCH replaces the key; where there is none yet, PUT makes it.
                if self._answer("PATCH", _path(pool), content).is_error:
                    self._ask("PUT", _path(pool), content)

    def in_flight(self, address: str) -> int | None:
        """See `Balancer`. Caddy counts only for addresses that are in its configuration."""
        for each in self._ask("GET", "/reverse_proxy/upstreams") or ():
            if each["address"] == address:
                return int(each["num_requests"])
        return None

    def forget(self, address: str) -> None:
        """See `Balancer`: nothing is left of it."""

    def _dials(self, pool: str) -> Sequence[str]:
        return [str(each.get("dial", "")) for each in self._ask("GET", _path(pool)) or ()]

    def _ask(self, method: str, path: str, content: object = None) -> Any:
        answer = self._answer(method, path, content)
        if answer.is_error:
            raise self._refusal(answer)
        try:
            return answer.json() if answer.content.strip() else None
        except json.JSONDecodeError as error:
            raise DeployFailed(Message("release-proxy.caddy-unreadable", admin=self._admin)) from error

    def _answer(self, method: str, path: str, content: object) -> httpx.Response:
        # Each change of the configuration restarts the admin API too: it may cut a connection of its own.
        for left in reversed(range(_TRIES)):
            try:
                reached = httpx.HTTPTransport(uds=self._socket, verify=trust(asks_environment=True))
                with httpx.Client(transport=reached, timeout=_TIMEOUT) as client:
                    return client.request(method, self._base + path, json=content)
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                if left and isinstance(error, httpx.TransportError) and method != "PUT":
                    time.sleep(0.1)
                    continue
                said = Message("release-proxy.caddy-silent", admin=self._admin, why=plain(str(error)))
                raise DeployFailed(said, hint=Message("release-proxy.look-at-caddy"), retry=True) from error
        raise AssertionError("the last try has returned or raised")

    def _refusal(self, answer: httpx.Response) -> DeployFailed:
        words = answer.text.strip()[:_MOST_WORDS]
        said = Message("release-proxy.caddy-refused", status=answer.status_code, said=plain(words))
        hint = Message("release-proxy.name-the-handler") if "unknown object ID" in words else NOTHING
        return DeployFailed(said, hint=hint)


def write_files(files: Sequence[Path], upstreams: Sequence[Upstream]) -> None:
    """Have each of *files*, which are in one folder, hold the address of one of *upstreams*; all at once."""
    link = files[0].parent
    if any(each.parent != link for each in files) or len(files) < len(upstreams):
        raise DeployFailed(Message("release-proxy.caddy-files", count=max(len(upstreams), 1)))
    former = sorted(link.parent.glob(f".{link.name}.*"))
    folder = link.with_name(f".{link.name}.{time.time_ns()}")
    try:
        folder.mkdir(mode=0o755)
        for file, address in zip(files, spread(upstreams, len(files)), strict=False):
            write_whole(folder / file.name, address)
            # Caddy may run as another account.
            (folder / file.name).chmod(0o644)
        draft = folder.with_name(f"{folder.name}.link")
        draft.symlink_to(folder.name)
        draft.replace(link)
    except OSError as error:
        said = Message("release-proxy.file-unwritable", file=link, why=error.strerror)
        raise DeployFailed(said, retry=True) from error
    # A request may be about to read from the one before this: only what is older goes.
    for each in former[:-1]:
        shutil.rmtree(each, ignore_errors=True)


def spread(upstreams: Sequence[Upstream], places: int) -> Sequence[str]:
    """Return *places* addresses: each at least once, and as often as its weight says. Pure."""
    whole = sum(each.weight for each in upstreams)
    counts = {each.address: max(1, places * each.weight // whole) for each in upstreams}
    lacking = sorted(upstreams, key=lambda each: counts[each.address] / each.weight)
    for each in islice(cycle(lacking), max(0, places - sum(counts.values()))):
        counts[each.address] += 1
    return [address for address, count in counts.items() for _ in range(count)][:places]


def _address(dial: str) -> str:
    match = _FILE.fullmatch(dial)
    if match is None:
        return dial
    with suppress(OSError, UnicodeDecodeError):
        return Path(match[1]).read_text(encoding="utf-8").strip()
    return ""


def _path(pool: str) -> str:
    return f"/id/{quote(pool, safe='')}/upstreams"
