"""What an edition lets Toban run, reach and trust, and what a new one changes about that. Pure.

See docs/adr/0026: everything that `toban.toml` says is included, unless it is declared harmless, and from the
document which works run and what lets them, who holds which role, and what it takes to sign in.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from toban.engine.bindings import toml
from toban.engine.editions.announcements import managing_role
from toban.engine.editions.edition import Edition
from toban.engine.notify.duty.roster import Layer, Roster, rosters
from toban.engine.people.rules import AccountRules, rules_of
from toban.message import Message
from toban.text import visible

_BINDINGS, _WORKS, _ROLES, _MANAGER, _ACCOUNTS = "bindings", "works", "roles", "manager", "accounts"

type Powers = Mapping[tuple[str | int, ...], object]
"""Where it is said → what is said there."""


@dataclass(frozen=True, slots=True)
class PowerChange:
    """One difference between two editions."""

    at: tuple[str | int, ...]
    old: object
    """None: it was not there."""
    new: object
    """None: it is gone."""

    @property
    def said(self) -> Message:
        """The difference on one line, with nothing hidden: signs that can't be seen are escaped."""
        where, *path = self.at
        name = _key(path) if where == _BINDINGS else visible("/".join(map(str, path)))
        old, new = _visible(self.old), _visible(self.new)
        if self.old is None:
            return Message(f"editions.{where}-added", name=name, new=new)
        if self.new is None:
            return Message(f"editions.{where}-removed", name=name, old=old)
        return Message(f"editions.{where}-changed", name=name, old=old, new=new)


def powers_of(edition: Edition, works: Mapping[str, Sequence[str]]) -> Powers:
    """Return all powers of *edition*, in which *works* run, each if its conditions let it."""
    found: dict[tuple[str | int, ...], object] = {
        (_BINDINGS, *at): value for at, value in edition.bindings.guarded.items()
    }
    found |= {(_WORKS, key): list(conditions) or True for key, conditions in works.items()}
    known = rosters(edition.design, edition.bindings.duty)
    found |= {(_ROLES, each.role): _held(each) for each in known}
    # The first such row of the document: another order of the rows is another approver.
    found[_MANAGER,] = managing_role(edition.design)
    return {**found, (_ACCOUNTS,): _required(rules_of(edition.design))}


def changes(old: Powers, new: Powers) -> tuple[PowerChange, ...]:
    """Return the differences that need approval; a work that no longer runs needs none."""
    found = (
        PowerChange(at, old.get(at), new.get(at))
        for at in dict.fromkeys((*new, *old))
        if old.get(at) != new.get(at)
    )
    return tuple(each for each in found if each.at[0] != _WORKS or each.new is not None)


def digest_of(powers: Powers) -> str:
    """Return a digest that is equal for equal powers only."""
    listed = sorted((json.dumps(at), _json(value)) for at, value in powers.items())
    return hashlib.sha256(json.dumps(listed).encode()).hexdigest()


def _held(roster: Roster) -> object:
    return [_turns(each) for each in roster.layers] or roster.role


def _turns(layer: Layer) -> str:
    hours = f" {layer.hours}" if layer.hours is not None else ""
    return f"{' → '.join(layer.people)} ({layer.handover}, {layer.since}{hours})"


def _required(rules: AccountRules) -> object:
    age = f"{rules.max_age.days} days" if rules.max_age is not None else ""
    return [rules.min_length, *rules.classes, age, "MFA" if rules.needs_second_factor else ""]


def _key(path: Sequence[str | int]) -> str:
    parts = (f"[{each}]" if isinstance(each, int) else f".{toml.key(each)}" for each in path)
    return visible("".join(parts).removeprefix("."))


def _visible(value: object) -> str:
    # Otherwise a command could be shown in another order than it is run, or look like another one.
    return visible(_json(value))


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)
