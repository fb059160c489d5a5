"""`kind = "cost-explorer"`: AWS's Cost Explorer."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field

from toban.chapters.cost.bindings import BillBinding
from toban.engine.bindings.aws import AwsAccess
from toban.engine.bindings.section import invalid
from toban.engine.bindings.values import Length
from toban.message import Message

_OFTENEST = timedelta(hours=1)


def _not_too_often(every: timedelta) -> timedelta:
    if every < _OFTENEST:
        raise invalid(Message("cost.asks-too-often"))
    return every


class CostExplorerBill(AwsAccess, BillBinding):
    """`kind = "cost-explorer"`: the costs of an account, or of a whole organisation, by the day."""

    example: ClassVar[Mapping[str, str]] = {"region": "us-east-1"}

    every: Annotated[Length, AfterValidator(_not_too_often)] = timedelta(hours=8)
    """How often AWS is asked: it charges for each question, and its figures change about thrice a day."""
    account: str = Field(default="", pattern="^([0-9]{12})?$")
    """Only this account, by its twelve digits; empty: all that the keys can see."""
    timeout: float = Field(default=30.0, gt=0, le=300)
    """Seconds for each page of an answer."""
