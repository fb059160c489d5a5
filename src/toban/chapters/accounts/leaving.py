"""People tell who leaves, and what is decided about an account. One transaction each, audited."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db import transaction

from toban.chapters.accounts.joining import ClaimBasis
from toban.chapters.accounts.models import AccessDecision, AccessRemoval, CollectedAccount, Leaver, Suspicion
from toban.chapters.accounts.ownership import is_about, numbers_of, owners_of
from toban.chapters.accounts.plan import AccountsPlan
from toban.chapters.accounts.rows.shown import shown_now
from toban.design.deadline import ends_at
from toban.design.values.hours import Hours
from toban.design.values.schedule.occurrence import existing
from toban.engine.approvals.answers import Giver
from toban.engine.editions.edition import Edition
from toban.engine.evidence import ledger
from toban.engine.evidence.models import LedgerEntry
from toban.engine.orders import NotPossible
from toban.engine.people.access import may_order
from toban.engine.people.models import Operator, OperatorRole
from toban.message import Message
from toban.text import printable, storable_text

_LONGEST = 200
_MOST_NAMES = 50
_MOST_LINES = 2000
_LARGEST = 512 * 1024
_FARTHEST = timedelta(days=400)
"""A date that lies farther away is a typing error."""
_DAY = timedelta(days=1)
_COLUMNS = ("name", "accounts", "leaves_on")


@dataclass(frozen=True, slots=True)
class ToldLeaver:
    """What somebody says of a leaver."""

    name: str
    leaves_on: date
    accounts: tuple[str, ...] = ()
    at: time | None = None
    """When on that day; None: as the bindings say."""


@dataclass(frozen=True, slots=True)
class Teller:
    """Who says it, and how."""

    name: str
    via: Leaver.ToldBy
    account: Operator | None = None
    """None at a shell of Toban's own host."""
    shell_user: str = ""

    def require(self) -> None:
        """Raise `NotPossible` for those who may only read."""
        if self.account is not None and not may_order(self.account):
            raise NotPossible(Message("accounts.viewers-tell-nothing"))

    @property
    def numbers(self) -> tuple[int, ...]:
        """The numbers of the accounts by which they may be known; see `Giver.orderers`."""
        return Giver(self.account, shell_user=self.shell_user).orderers

    def told(self) -> dict[str, object]:
        """Return what the evidence says of it, besides the name."""
        return {"via": str(self.via), **({"shell_user": self.shell_user} if self.shell_user else {})}


def tell(said: ToldLeaver, by: Teller, edition: Edition, plan: AccountsPlan, now: datetime) -> Leaver:
    """Record that somebody leaves; who was told of before gets the new day. Raises `NotPossible`."""
    by.require()
    name = _line(said.name)
    names = tuple(dict.fromkeys(each for one in said.accounts if (each := _line(one))))
    if not name:
        raise NotPossible(Message("accounts.name-missing"))
    if len(names) > _MOST_NAMES:
        raise NotPossible(Message("accounts.too-many-names", most=_MOST_NAMES))
    if abs(said.leaves_on - now.astimezone(plan.zone).date()) > _FARTHEST:
        raise NotPossible(Message("accounts.day-too-far", day=said.leaves_on))
    leaves_at = existing(said.leaves_on, said.at or plan.access.leaves_at, plan.zone)
    until = _until(said.leaves_on, edition, plan)
    with transaction.atomic():
        ledger.hold()
        found = Leaver.objects.filter(name=name, withdrawn_at=None).first() or Leaver(name=name)
        if found.pk is not None and leaves_at > found.leaves_at:
            _require_another(found, by, edition, plan)
        found.orderers = sorted({*found.orderers, *by.numbers})
        found.accounts = sorted({*found.accounts, *names})
        found.leaves_at, found.until = leaves_at, until
        found.told_at, found.told_by, found.via = now, by.name[:150], by.via
        found.save()
        found.removals.filter(ended_at=None, withdrawn_at=None).update(begins_at=leaves_at, until=until)
        _record(
            "leaver-told",
            {"leaver": name, "leaves_at": leaves_at.isoformat(), "until": until.isoformat()},
            by,
            now,
        )
    return found


def tell_all(
    said: Sequence[ToldLeaver], by: Teller, edition: Edition, plan: AccountsPlan, now: datetime
) -> Sequence[Leaver]:
    """Record all of *said*, or none. Raises `NotPossible`."""
    with transaction.atomic():
        return [tell(each, by, edition, plan, now) for each in said]


def withdraw(name: str, by: Teller, edition: Edition, plan: AccountsPlan, now: datetime) -> Leaver:
    """Record that somebody does not leave after all. Raises `NotPossible`, also for themselves."""
    by.require()
    with transaction.atomic():
        ledger.hold()
        found = Leaver.objects.filter(name=_line(name), withdrawn_at=None).first()
        if found is None:
            raise NotPossible(Message("accounts.no-such-leaver", name=_line(name)))
        _require_another(found, by, edition, plan)
        found.withdrawn_at = now
        found.save()
        found.removals.filter(ended_at=None, withdrawn_at=None).update(withdrawn_at=now)
        _record("leaver-withdrawn", {"leaver": found.name}, by, now)
    return found


def read_leavers(written: str) -> Sequence[ToldLeaver]:
    """Return the leavers of a CSV with the columns `name`, `accounts` (separated by blanks), `leaves_on`.

    All lines or none: raises `NotPossible` for the first that can't be read.
    """
    if len(written) > _LARGEST:
        raise NotPossible(Message("accounts.csv-too-large"))
    lines = csv.DictReader(written.lstrip("\ufeff").splitlines())
    try:
        if not {"name", "leaves_on"} <= {*(lines.fieldnames or ())}:
            raise NotPossible(Message("accounts.csv-columns", columns=list(_COLUMNS)))
        return list(_leavers(lines))
    except csv.Error as error:
        # A cell longer than the library reads.
        raise NotPossible(Message("accounts.csv-too-large")) from error


def _leavers(lines: "csv.DictReader[str]") -> Iterator[ToldLeaver]:
    for line in lines:
        if lines.line_num > _MOST_LINES:
            raise NotPossible(Message("accounts.csv-too-large"))
        name = (line.get("name") or "").strip()
        if not name:
            continue
        try:
            day = date.fromisoformat((line.get("leaves_on") or "").strip())
        except ValueError as error:
            raise NotPossible(Message("accounts.csv-day", line=lines.line_num)) from error
        yield ToldLeaver(name, day, tuple((line.get("accounts") or "").replace(";", " ").split()))


def decide(
    system: str,
    account: str,
    reason: str,
    *,
    shown: str,
    is_kept: bool,
    by: Teller,
    edition: Edition,
    plan: AccountsPlan,
    now: datetime,
) -> AccessDecision:
    """Record what a reviewer decided about an account. Raises `NotPossible`, also for the reviewer's own.

    *shown* is the digest of what they were shown of it.
    """
    if by.account is None or by.account.operator_role != OperatorRole.MANAGER:
        raise NotPossible(Message("accounts.managers-decide"))
    is_there = CollectedAccount.objects.there().filter(system=system, name=account).exists()
    if plan.system(system) is None or not is_there:
        raise NotPossible(Message("accounts.no-such-account", system=_line(system), account=_line(account)))
    if is_about(owners_of(system, account, plan), by.numbers, edition):
        raise NotPossible(Message("accounts.own-account"), Message("accounts.another-decides"))
    if not is_kept and not reason.strip():
        raise NotPossible(Message("accounts.reason-missing"))
    with transaction.atomic():
        ledger.hold()
        if shown != shown_now(system, account, plan):
            raise NotPossible(Message("approvals.not-what-was-shown"), Message("approvals.look-again"))
        made = AccessDecision.objects.create(
            system=system,
            account=account,
            is_kept=is_kept,
            by=by.name[:150],
            at=now,
            reason=storable_text(reason.strip())[:2000],
        )
        _carry_out(made, by, plan)
        content = {"system": system, "account": account, "is_kept": is_kept, "reason": made.reason}
        _record("access-decided", content, by, now)
    return made


def _carry_out(made: AccessDecision, by: Teller, plan: AccountsPlan) -> None:
    """Have an account go that is revoked; who decides anew takes back what was decided before."""
    standing = AccessRemoval.objects.filter(
        system=made.system,
        account=made.account,
        ground=AccessRemoval.Occasion.REVIEW,
        ended_at=None,
        withdrawn_at=None,
    )
    if made.is_kept:
        # That its owner leaves is another matter.
        standing.update(withdrawn_at=made.at)
        return
    removal = standing.first() or AccessRemoval(
        system=made.system,
        account=made.account,
        ground=AccessRemoval.Occasion.REVIEW,
        basis=ClaimBasis.DECLARED,
        ordered_by=made.by,
        reason=made.reason,
        found_at=made.at,
        begins_at=made.at,
        until=made.at + plan.access.revoked_within,
    )
    removal.orderers = sorted({*removal.orderers, *by.numbers})
    removal.save()


def answer(
    number: int, remark: str, *, by: Teller, edition: Edition, plan: AccountsPlan, now: datetime
) -> Suspicion:
    """Record what was found about a suspicious sign-in. Raises `NotPossible`, also for the reader's own."""
    if by.account is None or by.account.operator_role != OperatorRole.MANAGER:
        raise NotPossible(Message("accounts.managers-decide"))
    if not remark.strip():
        raise NotPossible(Message("accounts.remark-missing"))
    with transaction.atomic():
        ledger.hold()
        found = Suspicion.objects.filter(pk=number, answered_at=None).first()
        if found is None:
            raise NotPossible(Message("accounts.no-such-suspicion", number=number))
        if is_about(owners_of(found.system, found.account, plan), by.numbers, edition):
            raise NotPossible(Message("accounts.own-account"), Message("accounts.another-decides"))
        found.answered_at, found.answered_by = now, by.name[:150]
        found.remark = storable_text(remark.strip())[:2000]
        found.save()
        content = {
            "system": found.system,
            "account": found.account,
            "rule": found.rule,
            "reason": found.remark,
        }
        _record("suspicion-answered", content, by, now)
    return found


def claim(
    name: str,
    system: str,
    account: str,
    *,
    is_theirs: bool,
    by: Teller,
    edition: Edition,
    plan: AccountsPlan,
    now: datetime,
) -> AccessRemoval:
    """Record whether an account that is called like a leaver is theirs. Raises `NotPossible`.

    What is theirs may be locked; what is another's is let alone. Nobody says it of an account of their own.
    """
    by.require()
    with transaction.atomic():
        ledger.hold()
        asked = AccessRemoval.objects.open().filter(basis=ClaimBasis.ALIKE, system=system, account=account)
        found = asked.filter(leaver__name=_line(name)).select_related("leaver").first()
        if found is None or found.leaver is None:
            said = Message("accounts.not-asked", name=_line(name), place=f"{_line(system)}: {_line(account)}")
            raise NotPossible(said)
        _require_another(found.leaver, by, edition, plan)
        if is_about(owners_of(system, account, plan), by.numbers, edition):
            raise NotPossible(Message("accounts.own-account"), Message("accounts.another-decides"))
        found.is_theirs = is_theirs
        found.withdrawn_at = None if is_theirs else now
        found.orderers = sorted({*found.orderers, *by.numbers})
        found.save()
        content = {"leaver": found.whose, "system": system, "account": account, "is_theirs": is_theirs}
        _record("leaver-account-claimed", content, by, now)
    return found


def _require_another(found: Leaver, by: Teller, edition: Edition, plan: AccountsPlan) -> None:
    """Raise `NotPossible` if it is the leaver who would keep their accounts by it."""
    theirs = {*numbers_of(found, plan)}
    for each in found.removals.all():
        theirs |= owners_of(each.system, each.account, plan)
    if is_about(theirs, by.numbers, edition):
        raise NotPossible(Message("accounts.own-leaving"), Message("accounts.another-decides"))


def _until(day: date, edition: Edition, plan: AccountsPlan) -> datetime:
    """Return until when a leaver's accounts must be gone: 即日 is 24:00 of that day."""
    midnight = existing(day + _DAY, time(0), plan.zone)
    withins = [row.within for row in plan.removals]
    if not withins or None in withins:
        return midnight
    calendar = edition.bindings.system.business
    last = midnight - timedelta(microseconds=1)
    return min(ends_at(last, each, plan.zone, calendar, Hours()) for each in withins if each is not None)


def _line(text: str) -> str:
    """Return *text* as one line that fits."""
    return printable(" ".join(storable_text(text).split()))[:_LONGEST]


def _record(order: str, content: Mapping[str, object], by: Teller, now: datetime) -> None:
    told = {"order": order, **content, **by.told()}
    ledger.append(ledger.Record(LedgerEntry.Kind.AUDIT, told, actor=by.name[:150]), now=now)
