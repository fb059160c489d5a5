"""Whose an account of a system is, and who a leaver is, as accounts of Toban: none decides about itself."""

from collections.abc import Iterable

from toban.chapters.accounts.joining import names_of
from toban.chapters.accounts.models import CollectedAccount, Leaver
from toban.chapters.accounts.plan import AccountsPlan
from toban.engine.approvals.identity import accounts_with_addresses, identities_of
from toban.engine.approvals.rules import is_one_of
from toban.engine.bindings.model import Person
from toban.engine.editions.edition import Edition
from toban.engine.people.models import Operator


def owners_of(system: str, account: str, plan: AccountsPlan) -> frozenset[int]:
    """Return the numbers of the accounts in Toban of whoever has *account* at *system*."""
    found = CollectedAccount.objects.there().filter(system=system, name=account).first()
    place = plan.system(system)
    holder = plan.holder(place, found.found).person if place is not None and found is not None else ""
    person = plan.people.get(holder)
    label = found.label if found is not None else ""
    return _numbers([person] if person is not None else [], names_of(account), (account, label), plan)


def numbers_of(leaver: Leaver, plan: AccountsPlan) -> frozenset[int]:
    """Return the numbers of *leaver*'s own accounts in Toban."""
    written = (leaver.name, *leaver.accounts)
    known = names_of(*written)
    humans = frozenset().union(*(plan.index.by_name.get(each, frozenset()) for each in known))
    people = [person for key, person in plan.people.items() if plan.index.human(key) in humans]
    return _numbers(people, known, written, plan)


def is_about(numbers: Iterable[int], by: Iterable[int], edition: Edition) -> bool:
    """Return whether one of *by* is the same human as one of *numbers*."""
    mine, theirs = (identities_of(edition, tuple(each)) for each in (by, numbers))
    return any(is_one_of(each, theirs) for each in mine)


def _numbers(
    people: Iterable[Person], names: Iterable[str], written: Iterable[str], plan: AccountsPlan
) -> frozenset[int]:
    people, wanted = tuple(people), frozenset(names)
    accounts = {each.account for each in people}
    addresses = [each for each in (*written, *(each.email for each in people)) if "@" in each]
    named = (
        each.pk
        for each in Operator.objects.order_by("pk")
        if each.username in accounts or names_of(each.username, each.get_full_name(), each.email) & wanted
    )
    return frozenset((*named, *accounts_with_addresses(plan.people.values(), addresses)))
