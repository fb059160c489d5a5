"""What IAM tells of its users, and how that is read. Pure.

The report: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_getting-report.html
"""

import csv
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from toban.chapters.accounts.account import FoundAccount, PasswordTerms

ROOT_USER = "<root_account>"
_KEYS = ("access_key_1", "access_key_2")
_CLASSES = {
    "RequireNumbers": "digits",
    "RequireSymbols": "symbols",
    "RequireUppercaseCharacters": "upper",
    "RequireLowercaseCharacters": "lower",
}


def users(
    report: str, grants: Mapping[str, tuple[str, ...]], privileged: Collection[str]
) -> Iterator[FoundAccount]:
    """Yield the users of a credential *report*; *grants* are the policies and groups of each by name."""
    for line in csv.DictReader(report.splitlines()):
        name = line.get("user", "")
        own = grants.get(name, ())
        keys = [key for key in _KEYS if line.get(f"{key}_active") == "true"]
        made = [at for key in keys if (at := _moment(line.get(f"{key}_last_rotated"))) is not None]
        used = [_moment(line.get("password_last_used"))]
        used += [_moment(line.get(f"{key}_last_used_date")) for key in _KEYS]
        # The root user always has a password, and the report says nothing of it.
        has_password = name == ROOT_USER or line.get("password_enabled") == "true"
        yield FoundAccount(
            name=name,
            grants=own,
            is_privileged=name == ROOT_USER or not {*privileged}.isdisjoint(own),
            is_locked=not (has_password or keys),
            has_password=has_password,
            has_factor=line.get("mfa_active") == "true",
            password_changed_at=_moment(line.get("password_last_changed")) if has_password else None,
            oldest_key_at=min(made, default=None),
            last_used_at=max((at for at in used if at is not None), default=None),
        )


def grants_of(details: Mapping[str, Any], everything: str) -> Mapping[str, tuple[str, ...]]:
    """Return the groups and policies of each user; *everything* for a policy of one's own that allows all."""
    local = {
        each["PolicyName"]
        for each in details.get("Policies", ())
        if any(
            version.get("IsDefaultVersion") and _allows_all(version.get("Document"))
            for version in each.get("PolicyVersionList", ())
        )
    }
    groups = {
        each["GroupName"]: set(_policies(each, local, everything))
        for each in details.get("GroupDetailList", ())
    }
    found = {}
    for user in details.get("UserDetailList", ()):
        own = set(_policies(user, local, everything))
        for group in user.get("GroupList", ()):
            own |= {group, *groups.get(group, ())}
        found[user["UserName"]] = tuple(sorted(own))
    return found


def _policies(holder: Mapping[str, Any], local: Collection[str], everything: str) -> Iterator[str]:
    for each in holder.get("AttachedManagedPolicies", ()):
        yield each["PolicyName"]
        if each["PolicyName"] in local:
            yield everything
    for each in (*holder.get("UserPolicyList", ()), *holder.get("GroupPolicyList", ())):
        yield each["PolicyName"]
        if _allows_all(each.get("PolicyDocument")):
            yield everything


def _allows_all(document: Any) -> bool:
    """Return whether a policy allows all actions, or all of IAM, with which one can give oneself the rest."""
    statements = document.get("Statement", ()) if isinstance(document, Mapping) else ()
    for each in [statements] if isinstance(statements, Mapping) else statements:
        actions = each.get("Action", ())
        named = [actions] if isinstance(actions, str) else actions
        if each.get("Effect") == "Allow" and not {"*", "iam:*", "*:*"}.isdisjoint(named):
            return True
    return False


def terms_of(policy: Mapping[str, Any]) -> PasswordTerms:
    """Return what IAM's password policy demands."""
    classes = [name for key, name in _CLASSES.items() if policy.get(key)]
    if "upper" in classes or "lower" in classes:
        classes.append("letters")
    days = policy.get("MaxPasswordAge")
    age = timedelta(days=days) if policy.get("ExpirePasswords") and days else None
    return PasswordTerms(policy.get("MinimumPasswordLength"), tuple(sorted(classes)), age)


def _moment(written: str | None) -> datetime | None:
    """Return a time of the report; it writes `N/A` or `no_information` where it has none."""
    try:
        found = datetime.fromisoformat(written or "")
    except ValueError:
        return None
    return found if found.tzinfo is not None else None
