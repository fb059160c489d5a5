"""A group that commands of the team's own scale, on another host."""

from collections.abc import Iterable

from toban.chapters.capacity.scaler import Scaler, ScalerKind, ScalerSite
from toban.chapters.capacity.scalers.ssh.config import SshScaling
from toban.engine.trial import Doubt


def _open(config: SshScaling, _site: ScalerSite) -> Scaler:
    # This loads the SSH library, which code that only reads the bindings need not wait for.
    from toban.chapters.capacity.scalers.ssh.there import opened  # noqa: PLC0415

    return opened(config)


def _doubts(config: SshScaling, _site: ScalerSite) -> Iterable[Doubt]:
    from toban.chapters.capacity.scalers.ssh.there import opened  # noqa: PLC0415

    return opened(config).doubts()


def _bound(config: SshScaling) -> str:
    return f"{config.way(config.host)}: {' '.join(config.resize)}"


KIND = ScalerKind(config=SshScaling, open=_open, doubts=_doubts, bound=_bound)
