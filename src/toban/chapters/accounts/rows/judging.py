"""The verdicts on rows about accounts, by what the systems tell. Pure but for the types of what was seen."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from toban.chapters.accounts.joining import HolderKind
from toban.chapters.accounts.seen import SeenAccount, SeenSystem
from toban.design.clauses.security import PasswordPolicy
from toban.engine.evidence.verdict import Verdict
from toban.engine.rows.judgement import Judgement
from toban.message import NOTHING, Message, plain, sentences

_NAMED = 5
"""So many accounts stand in a reason by name; the page has all."""


@dataclass(frozen=True, slots=True)
class AccountFault:
    """An account, or a system, that is not as the row demands."""

    place: str
    """`db: tanaka`."""
    why: Message


@dataclass(frozen=True, slots=True)
class Findings:
    """What was found about a row over all systems that it is about."""

    faults: Sequence[AccountFault]
    unknown: Sequence[Message]
    systems: int
    accounts: int


def judged(found: Findings) -> Judgement:
    """Return the verdict: a fault deviates; what is not known is not known to be well."""
    value = Message("accounts.value", systems=found.systems, accounts=found.accounts)
    proof = {
        "systems": found.systems,
        "accounts": found.accounts,
        "faults": [each.place for each in found.faults],
    }
    gap = _gap(found.unknown)
    if found.faults:
        first = found.faults[:_NAMED]
        said = Message(
            "accounts.faults",
            count=len(found.faults),
            named=[Message("accounts.fault", place=each.place, why=each.why) for each in first],
        )
        return Judgement(Verdict.DEVIATING, sentences(said, gap), value, proof=proof)
    if gap:
        return Judgement(Verdict.NOT_MEASURABLE, gap, value, proof=proof)
    said = (
        Message("accounts.all-keep", count=found.accounts)
        if found.accounts
        else Message("accounts.machines-only", count=found.systems)
    )
    return Judgement(Verdict.CONFORMING, said, value, proof=proof)


def _gap(unknown: Sequence[Message]) -> Message:
    if not unknown:
        return NOTHING
    first, *others = unknown
    if not others:
        return first
    return Message("accounts.several-unknown", why=first, more=len(others))


def factors(systems: Sequence[SeenSystem], oldest: timedelta, now: datetime) -> Findings:
    """Return who can sign in to production without a second factor."""
    faults: list[AccountFault] = []
    unknown: list[Message] = []
    production = [each for each in systems if each.system.config.is_production and not each.system.is_own]
    accounts = 0
    by_name = {each.name: each for each in systems}
    for system in production:
        if why := _unknown_with(system, by_name, oldest, now):
            unknown.append(why)
            continue
        people = [each for each in system.accounts if each.is_of_person]
        accounts += len(people)
        found = {each.found.name: has_factor(each, system, by_name) for each in people}
        faults += [
            AccountFault(f"{system.name}: {name}", Message("accounts.no-factor"))
            for name, has in found.items()
            if has is False
        ]
        if silent := [name for name, has in found.items() if has is None]:
            unknown.append(
                Message("accounts.factor-unknown", system=system.name, count=len(silent), name=silent[0])
            )
    return Findings(faults, unknown, len(production), accounts)


def _unknown_with(
    system: SeenSystem, by_name: Mapping[str, SeenSystem], oldest: timedelta, now: datetime
) -> Message:
    """Return why *system*, or that which everybody signs in to before, can't be judged now."""
    own = system.why_unknown(oldest, now)
    before = by_name.get(system.system.config.behind)
    if own or before is None:
        return own
    return before.why_unknown(oldest, now)


def has_factor(each: SeenAccount, system: SeenSystem, by_name: Mapping[str, SeenSystem]) -> bool | None:
    """Return whether whoever uses the account needs a second factor; None if nobody says.

    That of the system before it counts: there the same person has an account with one.
    """
    before = by_name.get(system.system.config.behind)
    if each.found.has_factor or before is None:
        return each.found.has_factor
    if each.holder.kind is not HolderKind.PERSON:
        return None
    theirs = [
        one.found.has_factor
        for one in before.accounts
        if one.holder.person == each.holder.person and not one.found.is_locked
    ]
    if not theirs:
        # Without an account there nobody comes through; but one that is nobody's may be theirs.
        is_unclear = any(one.is_of_person and one.holder.kind is HolderKind.NOBODY for one in before.accounts)
        return None if is_unclear else True
    return True if all(theirs) else False if False in theirs else None


def passwords(
    row: PasswordPolicy, systems: Sequence[SeenSystem], oldest: timedelta, now: datetime
) -> Findings:
    """Return which production systems demand less of passwords, and whose passwords are too old."""
    faults: list[AccountFault] = []
    unknown: list[Message] = []
    wanted = [
        each
        for each in systems
        if each.system.config.is_production and each.system.config.has_passwords and not each.system.is_own
    ]
    accounts = 0
    for system in wanted:
        if why := system.why_unknown(oldest, now):
            unknown.append(why)
            continue
        people = [
            each for each in system.accounts if each.is_of_person and each.found.has_password is not False
        ]
        accounts += len(people)
        if not people:
            continue
        faults += _of_terms(row, system)
        unknown += _unknown_terms(row, system)
        aged = list(_of_ages(row, system, people, now))
        faults += [each for each in aged if isinstance(each, AccountFault)]
        unknown += [each for each in aged if isinstance(each, Message)]
    return Findings(faults, unknown, len(wanted), accounts)


def _unknown_terms(row: PasswordPolicy, system: SeenSystem) -> Iterator[Message]:
    if system.terms is None and (row.min_length or row.classes):
        yield Message("accounts.terms-unknown", system=system.name)


def _of_terms(row: PasswordPolicy, system: SeenSystem) -> Iterator[AccountFault]:
    terms = system.terms
    if terms is None:
        return
    if row.min_length and (terms.min_length or 0) < row.min_length:
        said = Message("accounts.length-less", has=terms.min_length or 0, wanted=row.min_length)
        yield AccountFault(system.name, said)
    if missing := [each for each in row.classes if each not in terms.classes]:
        needed = [Message(f"people.password-needs-{each}") for each in missing]
        yield AccountFault(system.name, Message("accounts.classes-missing", needed=needed))


def _of_ages(
    row: PasswordPolicy, system: SeenSystem, people: Sequence[SeenAccount], now: datetime
) -> Iterator[AccountFault | Message]:
    if row.expires_after is None:
        return
    longest = row.expires_after.as_timedelta()
    silent = [each.found.name for each in people if each.found.password_changed_at is None]
    for each in people:
        changed = each.found.password_changed_at
        # ">=": "changed every 90 days" means that the end of the 90th day is the last moment.
        if changed is not None and now - changed >= longest:
            said = Message("accounts.password-old", days=(now - changed).days)
            yield AccountFault(f"{system.name}: {each.found.name}", said)
    if silent:
        yield Message("accounts.age-unknown", system=system.name, count=len(silent), name=silent[0])


def watched(
    open_now: Sequence[Message], systems: Sequence[SeenSystem], oldest: timedelta, now: datetime
) -> Judgement:
    """Return the verdict on the watch over sign-ins; *open_now* is what nobody has answered yet.

    A system that shows nobody's sign-ins is not watched: that nothing was found there says nothing. Nor does
    the watch over Toban alone: the document is about the systems that Toban runs it for.
    """
    accounts = sum(len(each.accounts) for each in systems)
    value = Message("accounts.watched-value", accounts=accounts, count=len(open_now))
    by_name = {each.name: each for each in systems}
    how = {each.name: _watch_over(each, by_name) for each in systems}
    unknown = {each.name: _unwatched(each, how, by_name, oldest, now) for each in systems}
    gap = _gap([why for why in unknown.values() if why])
    watches = [said for name, said in how.items() if not unknown[name]]
    watching = Message("accounts.watching", systems=watches) if watches else NOTHING
    proof = {"accounts": accounts, "open": len(open_now), "watched": len(watches), "systems": len(systems)}
    if open_now:
        said = Message("accounts.suspicions-open", count=len(open_now), first=open_now[0])
        return Judgement(Verdict.WARNING, sentences(said, gap), value, proof=proof)
    if gap:
        return Judgement(Verdict.NOT_MEASURABLE, sentences(gap, watching), value, proof=proof)
    if all(each.system.is_own for each in systems):
        said = sentences(Message("accounts.only-own-watched"), watching)
        return Judgement(Verdict.UNBOUND, said, value, proof=proof)
    said = Message("accounts.nothing-suspicious", systems=watches)
    return Judgement(Verdict.CONFORMING, said, value, proof=proof)


def _unwatched(
    system: SeenSystem,
    how: Mapping[str, Message],
    by_name: Mapping[str, SeenSystem],
    oldest: timedelta,
    now: datetime,
) -> Message:
    """Return why nothing is known of sign-ins to *system*; nothing if they are watched."""
    silent = NOTHING if how[system.name] else Message("accounts.no-sign-ins", system=system.name)
    return _unknown_with(system, by_name, oldest, now) or silent


def _watch_over(system: SeenSystem, by_name: Mapping[str, SeenSystem]) -> Message:
    """Return by what sign-ins to *system* are watched; nothing if they are not."""
    if system.system.is_own:
        return Message("accounts.watches-all", system=system.name)
    used = [each.found for each in system.accounts if each.found.last_used_at is not None]
    if used:
        says_from = any(each.last_used_from for each in used)
        return Message("accounts.watches-from" if says_from else "accounts.watches-use", system=system.name)
    before = by_name.get(system.system.config.behind)
    if before is None or before is system or not _watch_over(before, {}):
        return NOTHING
    return Message("accounts.watches-before", system=system.name, before=before.name)


@dataclass(frozen=True, slots=True)
class UnsureAccount:
    """An account that is only called like a leaver: somebody is asked whether it is theirs."""

    system: str
    account: str

    @property
    def place(self) -> str:
        """`db: tanaka`."""
        return f"{self.system}: {self.account}"


@dataclass(frozen=True, slots=True)
class LeaverState:
    """A leaver and their accounts."""

    name: str
    leaves_at: datetime
    until: datetime
    told_at: datetime
    open: Sequence[str]
    """Accounts that are still there: `db: tanaka`."""
    removed_late: Sequence[str]
    removed: int
    is_known: bool = True
    """Whether any system has ever shown an account of theirs."""
    unsure: Sequence[UnsureAccount] = ()
    """Those of the open ones that are only called alike."""

    stale: Sequence[str] = ()
    """Those of the open ones whose newest list is from before the end of their time."""
    unproven: Sequence[Message] = ()
    """Those that went between a list of before the end of their time and one of after it, or out of sight."""

    @property
    def overdue(self) -> Sequence[str]:
        """The open ones that a list of after their time shows."""
        return [each for each in self.sure if each not in self.stale]

    @property
    def sure(self) -> Sequence[str]:
        """The open ones that are surely theirs."""
        unsure = {each.place for each in self.unsure}
        return [each for each in self.open if each not in unsure]


def leavers(
    states: Sequence[LeaverState], systems: Sequence[SeenSystem], oldest: timedelta, now: datetime
) -> Judgement:
    """Return the verdict on the removal of leavers' accounts."""
    unknown = [why for each in systems if (why := each.why_unknown(oldest, now))]
    # What only some of a system tells does not hide an account.
    overdue = [each for each in states if each.overdue and now >= each.until]
    unsure = [each for each in states if each.unsure and now >= each.until]
    waiting = [each for each in states if now < each.until]
    value = Message(
        "accounts.leavers-value",
        leavers=len([each for each in states if each.open or now < each.until]),
        accounts=sum(len(each.open) for each in states),
    )
    proof = {"leavers": len(states), "open": [place for each in states for place in each.open]}
    next_due = min((each.until for each in waiting), default=None)
    gap = _gap(unknown)
    if overdue:
        worst = overdue[0]
        said = Message(
            "accounts.leaver-overdue",
            name=worst.name,
            until=worst.until,
            accounts=list(worst.overdue[:_NAMED]),
            count=sum(len(each.overdue) for each in overdue),
        )
        return Judgement(Verdict.NOT_PERFORMED, sentences(said, gap), value, next_due, proof)
    if gap:
        return Judgement(Verdict.NOT_MEASURABLE, gap, value, next_due, proof)
    stale = [each for each in states if each.stale and now >= each.until]
    if unsure or stale:
        said = _alike(unsure[0]) if unsure else _stale(stale[0])
        return Judgement(Verdict.NOT_MEASURABLE, said, value, next_due, proof)
    if not states:
        return Judgement(Verdict.NOT_DUE, Message("accounts.nobody-leaves"), NOTHING, next_due, proof)
    verdict, said = _of_last([each for each in states if each not in waiting], waiting)
    return Judgement(verdict, said, value, next_due, proof)


def _alike(state: LeaverState) -> Message:
    places = [each.place for each in state.unsure[:_NAMED]]
    return Message("accounts.leaver-alike", name=state.name, accounts=places, count=len(state.unsure))


def _stale(state: LeaverState) -> Message:
    places = list(state.stale[:_NAMED])
    return Message("accounts.leaver-stale", name=state.name, until=state.until, accounts=places)


def _of_last(gone: Sequence[LeaverState], waiting: Sequence[LeaverState]) -> tuple[Verdict, Message]:
    """Return the verdict by those whose time ended last: several may leave on one day."""
    if not gone:
        first = min(waiting, key=lambda each: each.until)
        return Verdict.NOT_DUE, Message(
            "accounts.leaver-waits", name=first.name, until=first.until, count=len(first.open)
        )
    until = max(each.until for each in gone)
    last = [each for each in gone if each.until == until]
    for each in last:
        if each.removed_late:
            late = list(each.removed_late[:_NAMED])
            return Verdict.DEVIATING, Message("accounts.removed-late", name=each.name, accounts=late)
    for each in last:
        if each.unproven:
            unproven = list(each.unproven[:_NAMED])
            return Verdict.NOT_MEASURABLE, Message(
                "accounts.leaver-unproven", name=each.name, until=until, accounts=unproven
            )
    for each in last:
        if not each.is_known:
            return Verdict.NOT_MEASURABLE, Message("accounts.leaver-unknown", name=each.name)
    count = sum(each.removed for each in last)
    names = [plain(each.name) for each in last[:_NAMED]]
    return Verdict.CONFORMING, Message("accounts.leaver-gone", name=names, until=until, count=count)
