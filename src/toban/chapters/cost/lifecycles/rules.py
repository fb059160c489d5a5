"""A bucket's life-cycle rules, compared with what a measure says, and what they would have to be. Pure.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_LifecycleRule.html
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from toban.message import NOTHING, Message

GLACIER = ("GLACIER", "GLACIER_IR", "DEEP_ARCHIVE")
_SMALL = 131_072
"""Bytes: S3 moves no smaller object unless a rule says so, since each would cost more there."""

type Rule = Mapping[str, Any]
"""As S3 returns it."""


@dataclass(frozen=True, slots=True)
class WantedMove:
    """What is to move, when, and where to."""

    prefix: str
    days: int
    classes: Sequence[str]
    """Any of them will do; the first is the one that is proposed."""


@dataclass(frozen=True, slots=True)
class MoveFound:
    """What the rules of a bucket say of a wanted move."""

    rule: str
    """The name of the rule that comes nearest; empty if none moves anything."""
    days: int | None
    """After how many days it moves objects."""
    wrong: Sequence[Message] = ()
    """What is otherwise than wanted; nothing if all is as it should be."""


def compare(rules: Sequence[Rule], wanted: WantedMove) -> MoveFound:
    """Return how *rules* differ from what is *wanted*."""
    moving = [(rule, each) for rule in rules for each in rule.get("Transitions", ())]
    if not moving:
        return MoveFound("", None, (Message("lifecycles.none"),))
    found = [_compared(rule, each, rules, wanted) for rule, each in moving]
    return min(found, key=lambda each: len(each.wrong))


def _compared(rule: Rule, move: Mapping[str, Any], rules: Sequence[Rule], wanted: WantedMove) -> MoveFound:
    days = move.get("Days")
    wrong = [each for each in _differences(rule, move, wanted) if each]
    if days is not None and (before := _deleted_before(rules, wanted, int(days))):
        wrong.append(before)
    return MoveFound(_name(rule), None if days is None else int(days), tuple(wrong))


def _differences(rule: Rule, move: Mapping[str, Any], wanted: WantedMove) -> Iterator[Message]:
    prefix, is_narrowed = _reach(rule)
    if rule.get("Status") != "Enabled":
        yield Message("lifecycles.off")
    if not wanted.prefix.startswith(prefix):
        yield Message("lifecycles.elsewhere", prefix=prefix)
    if is_narrowed:
        yield Message("lifecycles.narrowed")
    if (found := str(move.get("StorageClass", ""))) not in wanted.classes:
        yield Message("lifecycles.other-class", found=found, wanted=tuple(wanted.classes))
    if (days := move.get("Days")) is None:
        yield Message("lifecycles.on-a-date")
    elif int(days) > wanted.days:
        yield Message("lifecycles.later", days=days, wanted=wanted.days)


def _deleted_before(rules: Sequence[Rule], wanted: WantedMove, days: int) -> Message:
    """Say which rule deletes what is to move before it has moved; nothing if none does."""
    for rule in rules:
        after = rule.get("Expiration", {}).get("Days")
        prefix, _ = _reach(rule)
        concerns = prefix.startswith(wanted.prefix) or wanted.prefix.startswith(prefix)
        if rule.get("Status") == "Enabled" and concerns and after is not None and int(after) <= days:
            return Message("lifecycles.deleted-before", rule=_name(rule), days=after)
    return NOTHING


def _reach(rule: Rule) -> tuple[str, bool]:
    """Return the prefix of the objects that *rule* is about, and whether it leaves out some of them."""
    outer = dict(rule.get("Filter", {}))
    said = {**outer.pop("And", {}), **outer}
    prefix = said.pop("Prefix", rule.get("Prefix", ""))
    least = said.pop("ObjectSizeGreaterThan", 0)
    return str(prefix), bool(said) or int(least) > _SMALL


def _name(rule: Rule) -> str:
    return str(rule.get("ID") or _reach(rule)[0] or "—")


def proposed(rules: Sequence[Rule], wanted: WantedMove) -> Sequence[Rule]:
    """Return all rules of the bucket with one that moves what is *wanted*; the others stay as they are.

    S3 replaces the rules of a bucket as a whole.
    """
    name = f"toban-{wanted.prefix.strip('/').replace('/', '-') or 'all'}-to-glacier"[:255]
    rule = {
        "ID": name,
        "Status": "Enabled",
        "Filter": {"Prefix": wanted.prefix},
        "Transitions": [{"Days": wanted.days, "StorageClass": wanted.classes[0]}],
    }
    return [*(each for each in rules if each.get("ID") != name), rule]
