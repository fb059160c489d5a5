"""What a directory tells of its entries, and how that is read. Pure.

OpenLDAP's password policy: slapo-ppolicy(5). Active Directory: userAccountControl, pwdLastSet.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from toban.chapters.accounts.account import FoundAccount, PasswordTerms

type Entry = Mapping[str, Sequence[str]]
"""Attribute in lower case → values."""

ATTRIBUTES = (
    *("cn", "displayName", "memberOf", "pwdChangedTime", "pwdAccountLockedTime", "authTimestamp"),
    *("pwdLastSuccess", "userAccountControl", "accountExpires", "pwdLastSet", "lastLogonTimestamp"),
    *("nsAccountLock", "sshPublicKey"),
)
POLICY = ("pwdMinLength", "pwdMaxAge", "pwdLockout")
_DISABLED = 0x2
_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)
"""Active Directory counts from there, in tenths of a microsecond."""
_NEVER = 0x7FFF_FFFF_FFFF_FFFF


def terms_of(policy: Entry) -> PasswordTerms:
    """Return what a policy entry demands; which characters is left to a module that no entry tells of."""
    length, seconds = _first(policy, "pwdminlength"), _first(policy, "pwdmaxage")
    return PasswordTerms(
        int(length) if length.isdecimal() else None,
        (),
        timedelta(seconds=int(seconds)) if seconds.isdecimal() and int(seconds) else None,
    )


def heeds_locks(policy: Entry) -> bool:
    """Return whether the directory heeds `pwdAccountLockedTime`: without `pwdLockout` it does not."""
    return _first(policy, "pwdlockout").casefold() == "true"


def account(
    entry: Entry,
    name: str,
    groups: Collection[str],
    privileged: Collection[str],
    now: datetime,
    *,
    heeds_locks: bool = True,
) -> FoundAccount:
    """Return the account of *entry*; *groups* are those that name it as a member."""
    own = {common_name(each) for each in entry.get("memberof", ())} | {*groups}
    used = [moment(value) for key in ("authtimestamp", "pwdlastsuccess") for value in entry.get(key, ())]
    used += [ticks(value) for value in entry.get("lastlogontimestamp", ())]
    changed = [moment(value) for value in entry.get("pwdchangedtime", ())]
    changed += [ticks(value) for value in entry.get("pwdlastset", ())]
    wanted = {each.casefold() for each in privileged}
    return FoundAccount(
        name=name,
        label=_first(entry, "displayname") or _first(entry, "cn"),
        grants=tuple(sorted(own)),
        is_privileged=any(each.casefold() in wanted for each in own),
        is_locked=_is_ended(entry, now) or (heeds_locks and _is_locked(entry)),
        password_changed_at=max((at for at in changed if at is not None), default=None),
        last_used_at=max((at for at in used if at is not None), default=None),
    )


def _is_ended(entry: Entry, now: datetime) -> bool:
    control = _first(entry, "useraccountcontrol")
    if control.isdecimal() and int(control) & _DISABLED:
        return True
    ends = [ticks(value) for value in entry.get("accountexpires", ())]
    is_over = any(at is not None and at <= now for at in ends)
    return is_over or _first(entry, "nsaccountlock").casefold() == "true"


def _is_locked(entry: Entry) -> bool:
    # A time of lock-out passes by itself; this one means that an administrator has to unlock it.
    is_for_good = _first(entry, "pwdaccountlockedtime").startswith("000001010000")
    # It bars the password alone: hosts that take keys from the entry would still open.
    return is_for_good and not _first(entry, "sshpublickey")


def _first(entry: Entry, key: str) -> str:
    return next(iter(entry.get(key, ())), "")[:200]


def common_name(dn: str) -> str:
    """Return the first value of a distinguished name: `cn=admins,ou=groups,…` is `admins`."""
    return dn.partition(",")[0].partition("=")[2].strip() or dn[:200]


def moment(written: str) -> datetime | None:
    """Return a time as LDAP writes it: 20260401120000Z, with a fraction or without."""
    digits = written[:14]
    if not (digits.isdecimal() and len(digits) == 14 and written.endswith("Z")):
        return None
    try:
        return datetime.strptime(digits, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return None


def ticks(written: str) -> datetime | None:
    """Return a time as Active Directory writes it; None for never."""
    if not written.isdecimal() or not 0 < int(written) < _NEVER:
        return None
    try:
        return _EPOCH + timedelta(microseconds=int(written) // 10)
    except OverflowError:
        return None
