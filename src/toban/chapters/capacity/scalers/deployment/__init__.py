"""The instances of a `[deployments.NAME]` that Toban itself runs behind a proxy."""

from collections.abc import Iterable

from toban.chapters.capacity.scaler import Scaler, ScalerKind, ScalerSite
from toban.chapters.capacity.scalers.deployment.config import DeploymentScaling
from toban.engine.trial import Doubt


def _open(config: DeploymentScaling, site: ScalerSite) -> Scaler:
    # Imported late: it asks the state database, which reading the bindings must not need.
    from toban.chapters.capacity.scalers.deployment.scaler import DeploymentScaler  # noqa: PLC0415

    return DeploymentScaler(config, site)


def _doubts(config: DeploymentScaling, site: ScalerSite) -> Iterable[Doubt]:
    from toban.chapters.capacity.scalers.deployment.scaler import DeploymentScaler  # noqa: PLC0415

    return DeploymentScaler(config, site).doubts()


def _bound(config: DeploymentScaling) -> str:
    return f"deployments.{config.deployment}"


KIND = ScalerKind(config=DeploymentScaling, open=_open, doubts=_doubts, bound=_bound, sets_limit=False)
