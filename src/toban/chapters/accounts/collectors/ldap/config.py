"""The settings of `[accounts.NAME]` with `kind = "ldap"`."""

from collections.abc import Mapping
from typing import Annotated, ClassVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from toban.chapters.accounts.bindings import AccountsBinding
from toban.engine.bindings.secret import Secret
from toban.engine.bindings.section import Section, invalid
from toban.engine.network.tls import CaFile
from toban.message import Message


def _ldap_url(written: str) -> str:
    parts = urlsplit(written)
    if parts.scheme not in {"ldap", "ldaps"} or not parts.hostname or "@" in parts.netloc:
        raise invalid(Message("accounts.not-an-ldap-url"))
    return written


class DirectoryBind(Section):
    """`[accounts.NAME.lock]`: another entry to bind as, which may write."""

    bind_dn: str = Field(min_length=1)
    password: Secret


class LdapAccounts(AccountsBinding):
    """`kind = "ldap"`: an entry that may read those of people and groups."""

    example: ClassVar[Mapping[str, str]] = {
        "url": "ldaps://ldap.example.com",
        "base": "ou=people,dc=example,dc=com",
        "bind_dn": "cn=toban,dc=example,dc=com",
        "password": "file:ldap/password",
    }

    url: Annotated[str, AfterValidator(_ldap_url)]
    """`ldaps://`, or `ldap://`, on which TLS is then started unless `start_tls` is off."""
    base: str = Field(min_length=1)
    bind_dn: str = Field(min_length=1)
    password: Secret
    start_tls: bool = True
    ca_file: CaFile | None = None
    filter: str = "(|(objectClass=person)(objectClass=posixAccount))"
    name: str = Field(default="uid", pattern=r"^[A-Za-z][A-Za-z0-9-]{0,60}$")
    """The attribute that people sign in with; `sAMAccountName` for Active Directory."""
    groups: str = ""
    """The base of the groups; empty: `base`."""
    privileged: tuple[str, ...] = ("admins", "Domain Admins", "Enterprise Admins", "Administrators")
    """Groups whose members may do everything, by their `cn`."""
    policy: str = ""
    """The entry of the password policy in force (slapo-ppolicy); empty: what is demanded is not known."""
    lock: DirectoryBind | None = None
