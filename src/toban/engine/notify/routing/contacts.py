"""What the pipeline needs from `toban.toml`: how to reach people, and their time zone."""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from toban.catalogue import DOCUMENTS_LANGUAGE
from toban.design.calendar import BusinessCalendar
from toban.design.values.hours import Hours
from toban.design.values.people import ChannelKind
from toban.engine.bindings.model import Bindings, DutyBinding, NoticeBinding, Person, System
from toban.engine.notify.delivery.channel import ChannelConfig, Transport, settings_for


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
    """Several alerts are grouped in one message; False if each is sent on its own (a webhook)."""
    language: str = ""
    """The language of its notifications; empty if the bindings name none."""
    opens_incidents: bool = False
    """What comes in one message is one incident there (PagerDuty), which ends with the last of its alerts."""


@dataclass(frozen=True, slots=True)
class Contacts:
    """How to reach people."""

    people: Mapping[str, Mapping[str, str]]
    """Role or name → address per kind of channel; kinds without an address are left out."""
    ways: tuple[BoundChannel, ...]
    zone: ZoneInfo
    business: BusinessCalendar = field(default_factory=BusinessCalendar)
    office: Hours | None = None
    """営業時間 by the bindings."""
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
    language: str = DOCUMENTS_LANGUAGE
    """The document's language."""
    languages: Mapping[str, str] = field(default_factory=dict)
    """Name in `people` → the language that this person reads, if the bindings name it."""

    settings: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """The document's word for a channel → what a channel of a kind that serves it is written with."""

    @property
    def calendar(self) -> System:
        """The zone and the days off, for computations."""
        return System(
            timezone=str(self.zone),
            holidays="JP" if self.business.keeps_holidays else "none",
            closed=self.business.closed,
            fortnight=self.business.fortnight or System().fortnight,
            quarters=self.business.quarters or System().quarters,
        )

    def holders(self, role: str) -> Sequence[str]:
        """Return the names in `people` that hold *role*: the role's own, unless others take turns at it."""
        wanted = folded(role)
        return next((held for name, held in self.on_duty.items() if folded(name) == wanted), (role,))

    def addresses(self, role: str) -> Mapping[str, str] | None:
        """Return the addresses under the name *role*, or None if there is no such name."""
        wanted = folded(role)
        return next((held for name, held in self.people.items() if folded(name) == wanted), None)

    def language_for(self, recipients: Iterable[str], way: BoundChannel) -> str:
        """Return the one language of a notification to *recipients* by *way*.

        At an address of theirs it is their own, unless people with different ones share the address. A place
        for everybody has its own language, or if the bindings name none, the one that its recipients share.
        """
        usual = way.language or self.language
        known = {folded(name): language for name, language in self.languages.items()}
        theirs = {known.get(folded(name), usual) for name in recipients}
        is_theirs = len(theirs) == 1 and not (way.is_shared and way.language)
        return theirs.pop() if is_theirs else usual


def contacts_of(
    bindings: Bindings,
    transports: Mapping[str, Transport],
    public_url: str,
    language: str = DOCUMENTS_LANGUAGE,
) -> Contacts:
    """Return what notifications need from *bindings*; *language* is the document's."""
    ways = []
    for name, bound in bindings.channels.items():
        transport = transports[bound.kind]
        posts_to = transport.posts_to(bound.config)
        kind = transport.word(bound.config) if transport.word is not None else transport.reaches
        spoken = bound.config.language if isinstance(bound.config, ChannelConfig) else None
        ways.append(
            BoundChannel(
                name,
                kind,
                transport.is_shared,
                posts_to,
                transport.gathers,
                spoken or "",
                transport.opens_incidents,
            )
        )
    return Contacts(
        people={role: _addresses(person) for role, person in bindings.people.items()},
        ways=tuple(ways),
        zone=bindings.system.zone,
        business=bindings.system.business,
        office=bindings.system.office_hours,
        public_url=public_url.rstrip("/"),
        file=bindings.file,
        system=bindings.system.name,
        notices=bindings.notices,
        runs_on=bindings.runs_on,
        duty=bindings.duty,
        language=language,
        settings={word: settings_for(word, transports) for word in ChannelKind},
        languages={name: each.language for name, each in bindings.people.items() if each.language},
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
