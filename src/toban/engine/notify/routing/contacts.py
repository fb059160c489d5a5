"""What the pipeline needs from `toban.toml`: how to reach people, and their time zone."""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from toban.design.calendar import BusinessCalendar
from toban.design.values.people import ChannelKind
from toban.engine.bindings.model import Bindings, DutyBinding, NoticeBinding, Person, System
from toban.engine.notify.delivery.channel import Transport


@dataclass(frozen=True, slots=True)
class BoundChannel:
    """A bound channel, by its name in `toban.toml`."""

    name: str
    kind: str
    """The document's word for such a channel, as in `ChannelRef.kind`."""
    is_shared: bool
    """Everybody is reached at one place: one message names all of them, instead of one for each."""
    posts_to: str = ""
    """The place, if the bindings name it: `#monitoring`."""
    gathers: bool = True
    """Several alerts are grouped in one message; False if each is an incident of its own (PagerDuty)."""


@dataclass(frozen=True, slots=True)
class Contacts:
    """How to reach people."""

    people: Mapping[str, Mapping[str, str]]
    """Role or name → address per kind of channel; kinds without an address are left out."""
    ways: tuple[BoundChannel, ...]
    zone: ZoneInfo
    business: BusinessCalendar = field(default_factory=BusinessCalendar)
    public_url: str = ""
    file: str = "toban.toml"
    system: str = ""
    """The name of the system in operation."""
    notices: NoticeBinding = field(default_factory=NoticeBinding)
    runs_on: Mapping[str, str] = field(default_factory=dict)
    """Target → the target that it runs on."""
    duty: Mapping[str, DutyBinding] = field(default_factory=dict)
    """Role → who takes turns at it."""
    on_duty: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Role → the names in `people` that hold it now, if other than the role's own; see `overrides`."""

    @property
    def calendar(self) -> System:
        """The zone and the days off, for computations."""
        return System(
            timezone=str(self.zone),
            holidays="JP" if self.business.keeps_holidays else "none",
            closed=self.business.closed,
        )

    def holders(self, role: str) -> Sequence[str]:
        """Return the names in `people` that hold *role*: the role's own, unless others take turns at it."""
        wanted = folded(role)
        return next((held for name, held in self.on_duty.items() if folded(name) == wanted), (role,))

    def addresses(self, role: str) -> Mapping[str, str] | None:
        """Return the addresses under the name *role*, or None if there is no such name."""
        wanted = folded(role)
        return next((held for name, held in self.people.items() if folded(name) == wanted), None)


def contacts_of(bindings: Bindings, transports: Mapping[str, Transport], public_url: str) -> Contacts:
    """Return what notifications need from *bindings*."""
    ways = []
    for name, bound in bindings.channels.items():
        transport = transports[bound.kind]
        posts_to = transport.posts_to(bound.config)
        kind = transport.word(bound.config) if transport.word is not None else transport.reaches
        ways.append(BoundChannel(name, kind, transport.is_shared, posts_to, transport.gathers))
    return Contacts(
        people={role: _addresses(person) for role, person in bindings.people.items()},
        ways=tuple(ways),
        zone=bindings.system.zone,
        business=bindings.system.business,
        public_url=public_url.rstrip("/"),
        file=bindings.file,
        system=bindings.system.name,
        notices=bindings.notices,
        runs_on=bindings.runs_on,
        duty=bindings.duty,
    )


def _addresses(person: Person) -> dict[str, str]:
    found = {
        ChannelKind.EMAIL: person.email,
        ChannelKind.SLACK: person.slack,
        ChannelKind.PAGERDUTY: person.pagerduty,
        ChannelKind.PHONE: person.phone,
    }
    return {kind: address for kind, address in found.items() if address}


def folded(name: str) -> str:
    """Return *name* normalised for comparison: without differences in width, case or spaces."""
    return "".join(unicodedata.normalize("NFKC", name).casefold().split())
