"""An Auto Scaling group of AWS."""

from collections.abc import Iterable

from toban.chapters.capacity.scaler import Scaler, ScalerKind, ScalerSite
from toban.chapters.capacity.scalers.autoscaling.config import AutoScalingGroup
from toban.engine.trial import Doubt


def _open(config: AutoScalingGroup, _site: ScalerSite) -> Scaler:
    # This loads AWS's library, which code that only reads the bindings need not wait for.
    from toban.chapters.capacity.scalers.autoscaling.scaler import AutoScalingScaler  # noqa: PLC0415

    return AutoScalingScaler(config)


def _doubts(config: AutoScalingGroup, _site: ScalerSite) -> Iterable[Doubt]:
    from toban.chapters.capacity.scalers.autoscaling.doubts import doubts  # noqa: PLC0415

    return doubts(config)


def _bound(config: AutoScalingGroup) -> str:
    return f"autoscaling:{config.region}:{config.group}"


KIND = ScalerKind(config=AutoScalingGroup, open=_open, doubts=_doubts, bound=_bound)
