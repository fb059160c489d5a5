"""The life-cycle rules that a bucket has."""

from collections.abc import Sequence

from toban.chapters.cost.lifecycles.rules import Rule
from toban.chapters.cost.plan import BoundLifecycle
from toban.engine import aws
from toban.engine.bindings.secret import SecretUnavailable
from toban.engine.stores.s3.settings import rules_of
from toban.engine.trial import ActFailed
from toban.message import Message, message_of

_MOST_RULES = 1000
"""S3 keeps no more for a bucket."""
_RIGHTS = ("s3:GetLifecycleConfiguration",)


class RulesUnknown(ActFailed):
    """The rules of a bucket can't be read; see `ActFailed`."""


def read(bound: BoundLifecycle) -> Sequence[Rule]:
    """Ask the bucket for its rules; raise `RulesUnknown`."""
    place = f"s3://{bound.config.bucket}"
    try:
        return list(rules_of(bound.config))[:_MOST_RULES]
    except SecretUnavailable as missing:
        raise RulesUnknown(message_of(missing)) from missing
    except aws.FAULTS as error:
        hint = Message("lifecycles.allow", actions=_RIGHTS)
        raise RulesUnknown(aws.fault_of(error, place).words, hint=hint) from error
