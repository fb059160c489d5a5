"""What a host tells of its accounts, and how that is read. Pure.

The script sends no hash of a password: of shadow(5) it sends whether there is one, and its dates.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from toban.chapters.accounts.account import AccountList, FoundAccount, PasswordTerms
from toban.message import Message

_HEAD = "toban-accounts 1"
_NEVER = 99_999
"""Days, as `PASS_MAX_DAYS` says that a password never ends."""
_ELSEWHERE = "elsewhere"
_USUAL_KEYS = frozenset(
    (
        "none",
        *(f"{home}.ssh/{name}" for home in ("", "%h/") for name in ("authorized_keys", "authorized_keys2")),
    )
)
"""Where sshd(8) takes keys from of itself, and the script looks."""
_NO_SHELLS = ("nologin", "false", "sync", "halt", "shutdown")

SCRIPT = r"""
r=$1
users() { { [ -z "$r" ] && getent passwd 2>/dev/null; } || cat "$r/etc/passwd"; }
groups() { { [ -z "$r" ] && getent group 2>/dev/null; } || cat "$r/etc/group"; }
closed() { [ -d "$1" ] && ! [ -x "$1" ]; }
echo 'toban-accounts 1'
users | sed 's/^/p:/'
groups | sed 's/^/g:/'
if [ -r "$r/etc/shadow" ]; then
  awk -F: '{ s = $2 == "" ? "none" : $2 ~ /^[!*]/ ? "locked" : "set"
             print "s:" $1 ":" s ":" $3 ":" $5 ":" $8 }' "$r/etc/shadow"
else echo '-:shadow'; fi
for f in "$r/etc/sudoers" "$r/etc/sudoers.d"/*; do
  [ -f "$f" ] || continue
  if [ -r "$f" ]; then grep -hE '^[^#@]' "$f" | sed 's/^/u:/'; else echo '-:sudoers'; fi
done
if [ -d "$r/etc/sudoers.d" ] && ! [ -r "$r/etc/sudoers.d" ]; then echo '-:sudoers'; fi
users | while IFS=: read -r n x i g c h s; do
  for f in "$r$h/.ssh/authorized_keys" "$r$h/.ssh/authorized_keys2"; do
    if [ -r "$f" ]; then
      m=$(stat -c %Y "$f")
      grep -cE '^[^#[:space:]]' "$f" | sed "s/^/k:$n:$m:/"
    elif closed "$r$h" || closed "$r$h/.ssh" || [ -e "$f" ]; then echo "-:keys:$n"; fi
  done
done
b='[[:space:]]'
for f in "$r/etc/ssh/sshd_config" "$r/etc/ssh/sshd_config.d"/*.conf; do
  [ -f "$f" ] || continue
  if [ -r "$f" ]; then
    grep -hiE "^$b*(AuthorizedKeysFile|AuthorizedKeysCommand|TrustedUserCAKeys)($b|=)" "$f" | sed 's/^/a:/'
  else echo '-:elsewhere'; fi
done
grep -hE "^$b*PASS_MAX_DAYS$b" "$r/etc/login.defs" 2>/dev/null | sed 's/^/d:/'
grep -hE "^$b*(minlen|minclass|[dulo]credit)$b*=" "$r/etc/security/pwquality.conf" 2>/dev/null | sed 's/^/q:/'
if [ -z "$r" ] && command -v last >/dev/null 2>&1; then
  LC_ALL=C last -w --time-format iso 2>/dev/null | head -n 20000 | sed 's/^/l:/'
fi
echo 'end'
"""
"""Lists the accounts of the file system that begins in its first argument."""


class NotAccounts(Exception):
    """The answer is no list of accounts."""


@dataclass
class _Lines:
    """The answer, sorted by what it tells of."""

    passwd: list[list[str]] = field(default_factory=list)
    groups: list[list[str]] = field(default_factory=list)
    shadow: dict[str, list[str]] = field(default_factory=dict)
    sudoers: list[str] = field(default_factory=list)
    keys: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    last: dict[str, tuple[datetime, str]] = field(default_factory=dict)
    settings: dict[str, str] = field(default_factory=dict)
    unread: set[str] = field(default_factory=set)
    veiled: list[str] = field(default_factory=list)


def read_accounts(written: str, privileged: Collection[str], now: datetime) -> AccountList:
    """Return the accounts of an answer to `SCRIPT`, or raise `NotAccounts`."""
    told = written.splitlines()
    if not told or told[0] != _HEAD or told[-1] != "end":
        raise NotAccounts
    lines = _sorted(told[1:-1])
    if not lines.passwd:
        raise NotAccounts
    groups = _groups(lines)
    sudoers = set(_sudoers(lines.sudoers, groups))
    accounts = [
        _account(entry, lines, groups, {*privileged}, sudoers, now)
        for entry in lines.passwd
        if len(entry) >= 7 and _may_log_in(entry, lines)
    ]
    return AccountList(accounts, now, _terms(lines), tuple(_gaps(lines)))


def _sorted(told: Iterable[str]) -> _Lines:
    lines = _Lines()
    for each in told:
        kind, _, rest = each.partition(":")
        parts = rest.split(":")
        match kind:
            case "p":
                lines.passwd.append(parts)
            case "g":
                lines.groups.append(parts)
            case "s":
                lines.shadow[parts[0]] = parts[1:]
            case "u":
                lines.sudoers.append(rest)
            case "-" if parts[0] == "keys":
                lines.veiled.append(parts[1])
            case "-":
                lines.unread.add(parts[0])
            case _:
                _further(lines, kind, rest, parts)
    return lines


def _further(lines: _Lines, kind: str, rest: str, parts: Sequence[str]) -> None:
    if kind == "k" and len(parts) == 3 and parts[1].isdigit() and parts[2].isdigit() and int(parts[2]):
        lines.keys[parts[0]].append(int(parts[1]))
    elif kind in "dq":
        name, *value = rest.replace("=", " ").split() or [""]
        lines.settings[name] = " ".join(value)
    elif kind == "l":
        _seen(lines.last, rest)
    elif kind == "a" and not {*rest.replace("=", " ").split()[1:]} <= _USUAL_KEYS:
        lines.unread.add(_ELSEWHERE)


def _seen(last: dict[str, tuple[datetime, str]], line: str) -> None:
    """Note the newest sign-in: last(1) lists them newest first, with times as ISO 8601."""
    name, *words = line.split()[:6] or [""]
    if not name or name in last:
        return
    for place, word in enumerate(words):
        try:
            found = datetime.fromisoformat(word)
        except ValueError:
            continue
        if found.tzinfo is not None:
            last[name] = found, words[1][:100] if place > 1 else ""
            return


def _groups(lines: _Lines) -> Mapping[str, set[str]]:
    """Return the groups of each account."""
    by_number = {parts[2]: parts[0] for parts in lines.groups if len(parts) >= 3}
    found: dict[str, set[str]] = defaultdict(set)
    for parts in lines.groups:
        for member in parts[3].split(",") if len(parts) > 3 else ():
            found[member].add(parts[0])
    for entry in lines.passwd:
        if len(entry) >= 4 and entry[3] in by_number:
            found[entry[0]].add(by_number[entry[3]])
    return found


def _sudoers(rules: Iterable[str], groups: Mapping[str, set[str]]) -> Iterator[str]:
    """Yield who may run anything as root: whoever a rule names, itself or by its group or alias."""
    aliases: dict[str, list[str]] = {}
    named: list[str] = []
    for rule in "\n".join(rules).replace("\\\n", " ").splitlines():
        whose, sign, rest = rule.partition("=")
        # Members stand between commas, with any blanks around them; what follows is where they may.
        head, *others = re.sub(r"\s*,\s*", ",", whose).split() or [""]
        if head == "User_Alias" and others:
            aliases[others[0]] = [each.strip() for each in rest.split(",")]
        elif sign and others and not head.startswith("Defaults") and not head.endswith("_Alias"):
            named += head.split(",")
    for each in _members(named, aliases):
        if each == "ALL":
            yield from groups
        elif each.startswith("%"):
            yield from (account for account, own in groups.items() if each[1:] in own)
        else:
            yield each


def _members(named: Sequence[str], aliases: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Yield each name once, and those behind an alias, which may name others."""
    waiting, seen = [*named], set[str]()
    while waiting:
        each = waiting.pop()
        if each in seen:
            continue
        seen.add(each)
        if each in aliases:
            waiting += aliases[each]
        else:
            yield each


def _may_log_in(entry: Sequence[str], lines: _Lines) -> bool:
    """Return whether the account can be signed in to, or could if it were not locked."""
    name, shell = entry[0], entry[6].rpartition("/")[2]
    if shell in _NO_SHELLS:
        return False
    # Debian's own accounts have shells of old, and neither a password nor keys.
    state = lines.shadow.get(name, ["set"])[0]
    return bool(lines.keys.get(name)) or name in lines.veiled or state != "locked" or int_of(entry[2]) >= 1000


def _account(
    entry: Sequence[str],
    lines: _Lines,
    groups: Mapping[str, set[str]],
    privileged: Collection[str],
    sudoers: Collection[str],
    now: datetime,
) -> FoundAccount:
    name, own = entry[0], groups.get(entry[0], set())
    shadow = lines.shadow.get(name)
    keys = lines.keys.get(name, [])
    has_password = shadow[0] == "set" if shadow is not None else None
    ended = (
        shadow is not None
        and (days := int_of(shadow[3] if len(shadow) > 3 else "")) >= 0
        and _day(days) <= now
    )
    changed = int_of(shadow[1]) if shadow is not None and len(shadow) > 1 else -1
    used_at, used_from = lines.last.get(name, (None, ""))
    may_have_keys = bool(keys) or name in lines.veiled or _ELSEWHERE in lines.unread
    is_bare = has_password is False and not may_have_keys
    return FoundAccount(
        name=name,
        label=entry[4].partition(",")[0][:200],
        grants=tuple(sorted(own)),
        is_privileged=entry[2] == "0" or not own.isdisjoint(privileged) or name in sudoers,
        is_locked=ended or (is_bare and shadow is not None and shadow[0] == "locked"),
        has_password=has_password,
        password_changed_at=_day(changed) if has_password and changed > 0 else None,
        oldest_key_at=datetime.fromtimestamp(min(keys), UTC) if keys else None,
        last_used_at=used_at,
        last_used_from=used_from,
    )


def int_of(written: str) -> int:
    """Return a whole number of at most six digits, or -1."""
    return int(written) if written.isdecimal() and len(written) <= 10 else -1


def _day(days: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=min(days, 100_000))


def _terms(lines: _Lines) -> PasswordTerms | None:
    """Return what the host demands; None if it says nothing of it."""
    said = lines.settings
    length = int_of(said.get("minlen", ""))
    days = int_of(said.get("PASS_MAX_DAYS", ""))
    needed = {"digits": "dcredit", "upper": "ucredit", "lower": "lcredit", "symbols": "ocredit"}
    classes = {name for name, key in needed.items() if said.get(key, "").startswith("-")}
    if int_of(said.get("minclass", "")) >= 4:
        classes |= set(needed)
    if classes & {"upper", "lower"}:
        classes.add("letters")
    age = timedelta(days=days) if 0 < days < _NEVER else None
    return PasswordTerms(length if length > 0 else None, tuple(sorted(classes)), age) if said else None


def _gaps(lines: _Lines) -> Iterator[Message]:
    if "shadow" in lines.unread:
        yield Message("accounts.gap-shadow")
    if "sudoers" in lines.unread:
        yield Message("accounts.gap-sudoers")
    if _ELSEWHERE in lines.unread:
        yield Message("accounts.gap-elsewhere")
    if lines.veiled:
        yield Message("accounts.gap-keys", count=len(set(lines.veiled)), name=min(lines.veiled))
