"""Blue-green behind a running proxy: Caddy, HAProxy or nginx. Instances: processes, units, containers."""

from collections.abc import Iterable, Sequence

from toban.chapters.release.engine import DeployEngine, DeploySite, EngineKind
from toban.chapters.release.engines.proxy.config import (
    CaddyBinding,
    HaproxyBinding,
    ProxyDeployment,
)
from toban.engine.trial import Doubt


def _open(config: ProxyDeployment, site: DeploySite) -> DeployEngine:
    # Imported late: it loads HTTP clients, which reading the bindings does not need.
    from toban.chapters.release.engines.proxy.opening import open_engine  # noqa: PLC0415

    return open_engine(config, site)


def _doubts(config: ProxyDeployment, _site: DeploySite) -> Iterable[Doubt]:
    from toban.chapters.release.engines.proxy.opening import doubts  # noqa: PLC0415

    return doubts(config)


def _bound(config: ProxyDeployment) -> Sequence[str]:
    match config.proxy:
        case CaddyBinding(admin=address) | HaproxyBinding(socket=address):
            return (address,)
        case proxy:
            return (str(proxy.file),)


KIND = EngineKind(config=ProxyDeployment, open=_open, doubts=_doubts, bound=_bound)
