"""Puts an engine together for its bindings, and says what would keep it from working."""

import os
import shutil
from collections.abc import Iterator

from toban.chapters.release.engine import DeployFailed, DeploySite
from toban.chapters.release.engines.proxy.balancers.balancer import Balancer
from toban.chapters.release.engines.proxy.balancers.caddy import Caddy
from toban.chapters.release.engines.proxy.balancers.haproxy import Haproxy
from toban.chapters.release.engines.proxy.balancers.nginx import Nginx
from toban.chapters.release.engines.proxy.config import CaddyBinding, HaproxyBinding, ProxyDeployment
from toban.chapters.release.engines.proxy.engine import ProxyEngine, pool_of
from toban.chapters.release.engines.proxy.health import is_per_instance
from toban.chapters.release.engines.proxy.hosts.containers import Containers
from toban.chapters.release.engines.proxy.hosts.host import InstanceHost
from toban.chapters.release.engines.proxy.hosts.processes import Processes
from toban.chapters.release.engines.proxy.hosts.units import Units
from toban.chapters.release.engines.proxy.records import Records
from toban.engine.trial import Doubt
from toban.message import Message


def open_engine(config: ProxyDeployment, site: DeploySite) -> ProxyEngine:
    """Return the engine of one environment; connects not yet."""
    records = Records(site.home)
    return ProxyEngine(config, site, _balancer(config), _host(config, site, records), records)


def doubts(config: ProxyDeployment) -> Iterator[Doubt]:
    """Yield what would keep it from working now; asks the proxy, and changes nothing."""
    balancer = _balancer(config)
    try:
        balancer.routes(pool_of(config))
        if config.proxy.each:
            balancer.routes(config.proxy.each.replace("{number}", "1"))
    except DeployFailed as failed:
        yield failed.doubt
    for command in (config.start, config.systemctl if config.unit else ()):
        yield from _program(command)
    if config.container is not None:
        yield from _program(config.container.command)
    if not is_per_instance(config.health):
        yield (Message("release-proxy.only-connects"), Message("release-proxy.write-health"))


def _program(command: tuple[str, ...]) -> Iterator[Doubt]:
    # A path without a root is in the version's folder.
    name = command[0] if command else ""
    missing = (
        not os.access(name, os.X_OK) if name.startswith("/") else "/" not in name and not shutil.which(name)
    )
    if name and missing:
        yield Message("release-proxy.no-such-program", program=name)


def _balancer(config: ProxyDeployment) -> Balancer:
    match config.proxy:
        case CaddyBinding() as caddy:
            return Caddy(caddy)
        case HaproxyBinding() as haproxy:
            return Haproxy(haproxy)
        case nginx:
            return Nginx(nginx)


def _host(config: ProxyDeployment, site: DeploySite, records: Records) -> InstanceHost:
    if config.container is not None:
        return Containers(config, config.container, site)
    return Units(config, site) if config.unit else Processes(config, site, records)
