"""Services that run with files that were replaced, by the memory of their processes. Pure.

That is how needrestart finds them, too; this is for hosts that have none. The memory of other users'
processes is shown to root alone: what could not be looked at is counted.
"""

from collections.abc import Sequence

_BY_MAPS, _SERVICE, _UNSEEN = "BY-MAPS", "SERVICE ", "UNSEEN "
_UNIT = rf"s|.*/system\.slice/\(.*/\)*\([^/]*\.service\)$|{_SERVICE}\2|p"


def look(proc: str = "/proc") -> str:
    """Return a script that prints the services; *proc*: where the processes are. proc_pid_maps(5)"""
    return f"""echo {_BY_MAPS}
unseen=0
for each in {proc}/[0-9]*; do
  grep -qsE ' /(usr|lib|lib64|bin|sbin|opt)/.* \\(deleted\\)$' "$each/maps"
  case $? in
  0) sed -n '{_UNIT}' "$each/cgroup" 2>/dev/null ;;
  1) ;;
  *) test -n "$(tr -d '\\0' <"$each/cmdline" 2>/dev/null)" && unseen=$((unseen + 1)) ;;
  esac
done
echo {_UNSEEN}$unseen
"""


def is_by_maps(lines: Sequence[str]) -> bool:
    """Return whether *lines* were printed by that script."""
    return _BY_MAPS in lines


def services(lines: Sequence[str]) -> tuple[str, ...]:
    """Return the services among what it printed."""
    return tuple(sorted({each.removeprefix(_SERVICE) for each in lines if each.startswith(_SERVICE)}))


def unseen(lines: Sequence[str]) -> int:
    """Return how many processes it could not look at."""
    found = [each.removeprefix(_UNSEEN) for each in lines if each.startswith(_UNSEEN)]
    return int(found[0]) if found and found[0].isdecimal() else 0
