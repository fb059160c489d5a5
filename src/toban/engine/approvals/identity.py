"""Accounts as humans: one human with two accounts must not count as two."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from django.db.models import Q

from toban.engine.approvals.holders import Holder
from toban.engine.approvals.rules import Identity, is_one_of
from toban.engine.bindings.model import Person
from toban.engine.clock import system_clock
from toban.engine.editions.edition import Edition
from toban.engine.notify.routing.contacts import folded
from toban.engine.people.access import who_set_password
from toban.engine.people.models import Operator


def identity_of(edition: Edition, account: Operator, before: Iterable[str] = ()) -> Identity:
    """Return who is behind *account*, by its own name and address and by those in `[people]`.

    *before* are marks by which they were known when they did something.
    """
    return Identity(account.pk, account.username, frozenset((*_marks(edition, account), *before)))


def identities_of(
    edition: Edition, numbers: Collection[int], before: Mapping[str, Collection[str]] | None = None
) -> Sequence[Identity]:
    """Return who is behind the accounts with these *numbers*; one that is gone is left out.

    *before*: see `marks_of`.
    """
    found, then = Operator.objects.in_bulk(list(numbers)), before or {}
    return [identity_of(edition, account, then.get(str(account.pk), ())) for account in found.values()]


def marks_of(edition: Edition, numbers: Collection[int]) -> Mapping[str, Collection[str]]:
    """Return by which marks the accounts with these *numbers* are known now, for the state database."""
    return {str(each.account): sorted(each.marks) for each in identities_of(edition, numbers)}


def identities_of_shell(edition: Edition, shell_user: str) -> Sequence[Identity]:
    """Return who the user of the operating system is, as far as an account is called so."""
    return [identity_of(edition, account) for account in accounts_of_shell(shell_user)]


def accounts_of_shell(shell_user: str) -> Sequence[Operator]:
    """Return the accounts that are called like the user of the operating system: alice, alice@…"""
    if not shell_user:
        return ()
    named = Q(username__iexact=shell_user) | Q(username__istartswith=f"{shell_user}@")
    return list(Operator.objects.filter(named).order_by("pk"))


def numbers_of_shell(shell_user: str) -> tuple[int, ...]:
    """Return the numbers of the accounts that are called like the user of the operating system."""
    return tuple(account.pk for account in accounts_of_shell(shell_user))


def numbers_behind(account: Operator | None, shell_user: str) -> tuple[int, ...]:
    """Return by which accounts, beside *account*, whoever acts in its name may be known.

    By those that are called like the user of their shell, and by that of who has just set its password.
    """
    setters = who_set_password(account, system_clock()) if account is not None else ()
    return tuple(dict.fromkeys((*numbers_of_shell(shell_user), *setters)))


def appointers_of(edition: Edition, holder: Holder) -> Sequence[Identity]:
    """Return who may have made *holder* a deputy; nobody, if that was somebody in a shell without an account.

    A command on the server says whose shell it was: each account that is called so may be theirs.
    """
    made = holder.override
    if made is None:
        return ()
    return (*identities_of_shell(edition, made.author), *identities_of(edition, made.makers))


def accounts_with_addresses(people: Iterable[Person], addresses: Iterable[str]) -> tuple[int, ...]:
    """Return the numbers of the accounts whose own address, or that of their person, is in *addresses*."""
    wanted = set(map(mailbox, addresses))
    named = {each.account for each in people if each.email and mailbox(each.email) in wanted}
    return tuple(
        account.pk
        for account in Operator.objects.order_by("pk")
        if account.username in named or (account.email and mailbox(account.email) in wanted)
    )


def addresses_of(people: Collection[Person]) -> frozenset[str]:
    """Return the mailboxes of *people*: what `[people]` says of them, and of the accounts they have there."""
    accounts = Operator.objects.filter(username__in=[each.account for each in people if each.account])
    addresses = (*(each.email for each in people), *accounts.values_list("email", flat=True))
    return frozenset(mailbox(each) for each in addresses if each)


def is_self_made(edition: Edition, holder: Holder) -> bool:
    """Return whether *holder* is a deputy who made themselves one: that gives nobody a right."""
    if holder.account is None:
        return False
    return is_one_of(identity_of(edition, holder.account), appointers_of(edition, holder))


def mailbox(address: str) -> str:
    """Return the mailbox of *address*: what its owner writes after a plus sign makes no other one."""
    local, _, domain = folded(address).rpartition("@")
    return f"{local.partition('+')[0] or local}@{domain}"


def _marks(edition: Edition, account: Operator) -> Iterator[str]:
    # Also of an account that was deactivated: who ordered with it is still the same human.
    bound = [each for each in edition.bindings.people.values() if each.account == account.username]
    for name in (account.get_full_name(), *(each.name for each in bound)):
        if name:
            yield f"name {folded(name)}"
    for address in (account.email, *(each.email for each in bound)):
        if address:
            yield f"email {mailbox(address)}"
    # "#ops" is a channel, which many people share.
    yield from (f"slack {each.slack}" for each in bound if each.slack and not each.slack.startswith("#"))
