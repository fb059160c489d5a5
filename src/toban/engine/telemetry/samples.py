"""A measured value on its way into the store."""

from dataclasses import dataclass
from datetime import datetime

from toban.design.values.metric import Metric


@dataclass(frozen=True, slots=True)
class Sample:
    """One value of one metric of one instance of a target, in the metric's own unit."""

    metric: Metric
    target: str
    """The document's word: Webサーバー."""
    instance: str
    """One of the target's hosts or services: `web-1:9100`."""
    at: datetime
    value: float
    may_be_stored: bool = False
    """It may have been stored before, such as by another worker."""


@dataclass(frozen=True, slots=True)
class Point:
    """One point of a series from the store: a bucket's start, and its mean, lowest and highest value."""

    at: datetime
    mean: float
    low: float
    high: float
