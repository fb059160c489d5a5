"""Asking a directory for the entries of people, and locking one."""

import ssl
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from math import ceil
from typing import Any
from urllib.parse import urlsplit

from toban.chapters.accounts.account import AccountList
from toban.chapters.accounts.collector import AccountsUnknown
from toban.chapters.accounts.collectors.ldap.config import DirectoryBind, LdapAccounts
from toban.chapters.accounts.collectors.ldap.library import LDAPException, escape_filter_chars, ldap3
from toban.chapters.accounts.collectors.ldap.reading import (
    ATTRIBUTES,
    POLICY,
    Entry,
    account,
    heeds_locks,
    terms_of,
)
from toban.engine.bindings.secret import Secret, SecretUnavailable
from toban.message import Message, message_of, plain

_PAGE = 500
_MOST = 50_000
_FOR_GOOD = "000001010000Z"
"""As slapo-ppolicy(5) writes that an account stays locked until an administrator unlocks it."""
_DISABLED = 0x2
_GROUPS = "(|(objectClass=groupOfNames)(objectClass=groupOfUniqueNames)(objectClass=posixGroup))"
_MEMBERS = ("member", "uniqueMember", "memberUid")


class DirectoryEntries:
    """One directory."""

    def __init__(self, config: LdapAccounts) -> None:
        self._config = config

    def read(self, now: datetime) -> AccountList:
        """See `AccountSource`. A directory does not tell who has a second factor."""
        config, deadline = self._config, _deadline(self._config)
        with _bound(config, config.bind_dn, config.password) as connection:
            policy = self._policy(connection, deadline)
            groups = self._groups(connection, deadline)
            wanted = (config.name, *ATTRIBUTES)
            entries = list(_searched(connection, config.base, config.filter, wanted, deadline))
        heeds = policy is None or heeds_locks(policy)
        named = [(dn, entry, entry.get(config.name.casefold(), ())[:1]) for dn, entry in entries]
        found = [
            account(
                entry,
                name,
                groups[dn.casefold()] | groups[name.casefold()],
                config.privileged,
                now,
                heeds_locks=heeds,
            )
            for dn, entry, names in named
            for name in names
        ]
        nameless = [dn for dn, _entry, names in named if not names]
        terms = terms_of(policy) if policy is not None else None
        return AccountList(found, now, terms, tuple(self._gaps(nameless, heeds=heeds)))

    def _gaps(self, nameless: Sequence[str], *, heeds: bool) -> Iterator[Message]:
        if nameless:
            first, count = plain(nameless[0][:200]), len(nameless)
            yield Message("accounts.gap-nameless", attribute=self._config.name, count=count, name=first)
        if not heeds:
            yield Message("accounts.gap-unheeded", policy=self._config.policy)

    def _policy(self, connection: Any, deadline: float) -> Entry | None:
        """Return the policy entry; None if the bindings name none."""
        if not self._config.policy:
            return None
        found = list(_searched(connection, self._config.policy, "(objectClass=*)", POLICY, deadline))
        return found[0][1] if found else None

    def _groups(self, connection: Any, deadline: float) -> Mapping[str, set[str]]:
        """Return the groups of each member, by its distinguished name or its plain one."""
        found: dict[str, set[str]] = defaultdict(set)
        base = self._config.groups or self._config.base
        for _dn, entry in _searched(connection, base, _GROUPS, ("cn", *_MEMBERS), deadline):
            for key in _MEMBERS:
                for member in entry.get(key.casefold(), ()):
                    found[member.casefold()].update(entry.get("cn", ())[:1])
        return found


class DirectoryLock:
    """The same directory, by an entry that may write."""

    def __init__(self, config: LdapAccounts, bind: DirectoryBind) -> None:
        self._config = config
        self._bind = bind

    def lock(self, name: str) -> None:
        """See `AccountLock`: for good, as the directory does itself after too many wrong passwords."""
        config = self._config
        wanted = f"(&{config.filter}({config.name}={escape_filter_chars(name)}))"
        with _bound(config, self._bind.bind_dn, self._bind.password) as connection:
            for dn, entry in list(
                _searched(connection, config.base, wanted, ("userAccountControl",), _deadline(config))
            ):
                control = next(iter(entry.get("useraccountcontrol", ())), "")
                changes = (
                    {"userAccountControl": [(ldap3.MODIFY_REPLACE, [str(int(control) | _DISABLED)])]}
                    if control.isdecimal()
                    else {"pwdAccountLockedTime": [(ldap3.MODIFY_REPLACE, [_FOR_GOOD])]}
                )
                if not connection.modify(dn, changes):
                    said = plain(str(connection.result.get("description", ""))[:200])
                    raise AccountsUnknown(Message("accounts.lock-refused", why=said))


def _deadline(config: LdapAccounts) -> float:
    return time.monotonic() + config.timeout


@contextmanager
def _bound(config: LdapAccounts, dn: str, password: Secret) -> Iterator[Any]:
    """Yield a connection that is bound as *dn*; every fault on it is `AccountsUnknown`."""
    parts = urlsplit(config.url)
    is_tls = parts.scheme == "ldaps"
    trust = ldap3.Tls(
        validate=ssl.CERT_REQUIRED,
        ca_certs_file=str(config.ca_file) if config.ca_file is not None else None,
    )
    try:
        server = ldap3.Server(
            parts.hostname,
            parts.port,
            use_ssl=is_tls,
            tls=trust,
            get_info=ldap3.NONE,
            connect_timeout=config.timeout,
        )
        connection = ldap3.Connection(
            server,
            dn,
            password.reveal(),
            receive_timeout=ceil(config.timeout),
            raise_exceptions=False,
            # It would write what it received to its own log.
            auto_bind=ldap3.AUTO_BIND_NONE,
            auto_referrals=False,
        )
        try:
            _bind(connection, dn, starts_tls=config.start_tls and not is_tls)
            yield connection
        finally:
            connection.unbind()
    except SecretUnavailable as error:
        raise AccountsUnknown(message_of(error)) from error
    except (LDAPException, OSError) as error:
        place = f"{parts.hostname}:{parts.port or (636 if is_tls else 389)}"
        said = plain((str(error).splitlines() or [""])[0][:200])
        raise AccountsUnknown(Message("accounts.ldap-failed", place=place, why=said), retry=True) from error


def _bind(connection: Any, dn: str, *, starts_tls: bool) -> None:
    connection.open()
    if starts_tls and not connection.start_tls():
        raise AccountsUnknown(Message("accounts.ldap-no-tls"))
    if not connection.bind():
        said = plain(str(connection.result.get("description", ""))[:200])
        raise AccountsUnknown(Message("accounts.ldap-bind-refused", dn=dn, why=said))


def _searched(
    connection: Any, base: str, wanted: str, attributes: tuple[str, ...], deadline: float
) -> Iterator[tuple[str, Entry]]:
    """Yield the entries below *base*, page by page, until *deadline*."""
    cookie: Any = None
    count = 0
    while cookie is None or cookie:
        if time.monotonic() > deadline:
            raise AccountsUnknown(Message("accounts.ldap-too-slow", count=count), retry=True)
        connection.search(
            base, wanted, attributes=list(attributes), paged_size=_PAGE, paged_cookie=cookie or None
        )
        result = connection.result
        if result.get("result") != 0:
            said = plain(str(result.get("description", ""))[:200])
            raise AccountsUnknown(Message("accounts.ldap-search-refused", base=base, why=said))
        for each in connection.response or ():
            if each.get("type") == "searchResEntry":
                count += 1
                yield each["dn"], _texts(each["raw_attributes"])
        if count > _MOST:
            raise AccountsUnknown(Message("accounts.too-many", most=_MOST))
        controls = result.get("controls") or {}
        cookie = controls.get("1.2.840.113556.1.4.319", {}).get("value", {}).get("cookie") or b""


def _texts(raw: Mapping[str, list[bytes]]) -> Entry:
    return {
        key.casefold(): [each.decode("utf-8", "replace") for each in values] for key, values in raw.items()
    }
