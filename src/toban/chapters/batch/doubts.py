"""Doubtful settings in the tables of batches of a valid `toban.toml`. Pure."""

from collections.abc import Iterator

from toban.design.finding import Finding, FindingLevel
from toban.design.origin import Origin
from toban.design.reader import Design
from toban.engine.bindings.model import Bindings
from toban.engine.notify.duty.roster import rosters
from toban.engine.notify.routing.contacts import folded
from toban.engine.runs.kinds import BATCHES
from toban.message import Message


def doubts(design: Design, bindings: Bindings) -> Iterator[Finding]:
    """Name the batches that need approval, and whose approvers have too few accounts: they never begin."""
    for key, bound in BATCHES.of(bindings).items():
        role, wanted = bound.config.approval, bound.config.approvers
        if not role:
            continue
        people = _holders(role, design, bindings)
        accounts = {found for name in people if (found := _account(name, bindings))}
        if len(accounts) < wanted:
            yield Finding(
                "BD009",
                FindingLevel.WARNING,
                Origin(bindings.file, bindings.lines["batches", key]),
                Message("batch.too-few-may-approve", key=key, role=role, wanted=wanted, found=len(accounts)),
                f'approval = "{role}"',
                Message("batch.write-account", people=people),
            )


def _holders(role: str, design: Design, bindings: Bindings) -> tuple[str, ...]:
    """Return the names in `[people]` that may ever hold *role* by turns, or by themselves."""
    known = (each for each in rosters(design, bindings.duty) if folded(each.role) == folded(role))
    taking_turns = [name for each in known for layer in each.layers for name in layer.people]
    return tuple(dict.fromkeys(taking_turns)) or (role,)


def _account(name: str, bindings: Bindings) -> str:
    wanted = folded(name)
    return next((each.account for known, each in bindings.people.items() if folded(known) == wanted), "")
