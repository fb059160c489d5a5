"""A group that commands of the team's own scale, on this machine."""

from collections.abc import Iterable

from toban.chapters.capacity.scaler import ScalerKind, ScalerSite
from toban.chapters.capacity.scalers.command.config import CommandScaling
from toban.chapters.capacity.scalers.commanded import CommandedScaler
from toban.engine.trial import Doubt


def _open(config: CommandScaling, site: ScalerSite) -> CommandedScaler:
    # Imported late: code that only reads the bindings need not wait for it.
    from toban.engine.runs.commands.here import Here  # noqa: PLC0415

    return CommandedScaler(config, Here(config.folder or site.folder))


def _doubts(config: CommandScaling, site: ScalerSite) -> Iterable[Doubt]:
    return _open(config, site).doubts()


def _bound(config: CommandScaling) -> str:
    return " ".join(config.resize)


KIND = ScalerKind(config=CommandScaling, open=_open, doubts=_doubts, bound=_bound)
