"""A group that commands of the team's own scale, on this machine."""

from collections.abc import Iterable

from toban.chapters.capacity.scaler import Scaler, ScalerKind, ScalerSite
from toban.chapters.capacity.scalers.command.config import CommandScaling
from toban.engine.trial import Doubt


def _open(config: CommandScaling, site: ScalerSite) -> Scaler:
    from toban.chapters.capacity.scalers.command.here import opened  # noqa: PLC0415

    return opened(config, site)


def _doubts(config: CommandScaling, site: ScalerSite) -> Iterable[Doubt]:
    from toban.chapters.capacity.scalers.command.here import opened  # noqa: PLC0415

    return opened(config, site).doubts()


def _bound(config: CommandScaling) -> str:
    return " ".join(config.resize)


KIND = ScalerKind(config=CommandScaling, open=_open, doubts=_doubts, bound=_bound)
