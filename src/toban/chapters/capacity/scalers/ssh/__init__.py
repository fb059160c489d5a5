"""A group that commands of the team's own scale, on another host."""

from collections.abc import Iterable

from toban.chapters.capacity.scaler import ScalerKind, ScalerSite
from toban.chapters.capacity.scalers.commanded import CommandedScaler
from toban.chapters.capacity.scalers.ssh.config import SshScaling
from toban.engine.trial import Doubt


def _open(config: SshScaling, _site: ScalerSite) -> CommandedScaler:
    # This loads the SSH library, which code that only reads the bindings need not wait for.
    from toban.engine.runs.commands.there import There  # noqa: PLC0415

    return CommandedScaler(config, There(config.way(config.host)))


def _doubts(config: SshScaling, site: ScalerSite) -> Iterable[Doubt]:
    return _open(config, site).doubts()


def _bound(config: SshScaling) -> str:
    return f"{config.way(config.host)}: {' '.join(config.resize)}"


KIND = ScalerKind(config=SshScaling, open=_open, doubts=_doubts, bound=_bound)
