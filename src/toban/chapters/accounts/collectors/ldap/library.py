"""The LDAP library. It takes names from its own dependency that are on their way out there."""

import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import ldap3
    from ldap3.core.exceptions import LDAPException
    from ldap3.utils.conv import escape_filter_chars

__all__ = ["LDAPException", "escape_filter_chars", "ldap3"]
