"""Who besides Toban's own user can write a file: owners and modes, of the file and of its folders."""

import grp
import os
import pwd
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from toban.message import NOTHING, Message

_MOST_LINKS = 40
_ROOT = 0
_ACL = "system.posix_acl_access"


def others_who_write(files: Iterable[Path]) -> Message:
    """Return how others could change or replace one of *files*; `NOTHING` if they can't."""
    for file in files:
        for place, is_link in way_to(file):
            if not is_link and (said := _why_open(place)):
                return said
    return NOTHING


def way_to(file: Path) -> Iterator[tuple[Path, bool]]:
    """Yield every folder on the way to *file*, each link (True) that is followed, and what it names."""
    yield Path("/"), False
    rest, here, links = list(file.absolute().parts[1:]), Path("/"), 0
    while rest:
        part = rest.pop(0)
        here = here.parent if part == ".." else here / part
        if here.is_symlink() and links < _MOST_LINKS:
            links += 1
            yield here, True
            target = here.readlink()
            rest = [*target.parts[target.is_absolute() :], *rest]
            here = Path("/") if target.is_absolute() else here.parent
        else:
            yield here, False


def _why_open(place: Path) -> Message:
    try:
        found = place.lstat()
    except FileNotFoundError:
        # Even in a sticky folder, everybody who may write there may create it.
        is_open = place.parent.stat().st_mode & (stat.S_IWOTH | stat.S_IWGRP)
        return Message("editions.writable-by-all", place=place.parent) if is_open else NOTHING
    except OSError:
        return Message("editions.unknown-writers", place=place)
    if found.st_uid not in (_ROOT, os.geteuid()):
        return Message("editions.owned-by-another", place=place, owner=_user(found.st_uid))
    is_sticky = bool(found.st_mode & stat.S_ISVTX) and stat.S_ISDIR(found.st_mode)
    if is_sticky:
        # In there, everybody replaces only their own files.
        return NOTHING
    if found.st_mode & stat.S_IWOTH:
        return Message("editions.writable-by-all", place=place)
    if found.st_mode & stat.S_IWGRP and (_has_acl(place) or not _is_only_ours(found.st_gid)):
        return Message("editions.writable-by-group", place=place, group=_group(found.st_gid))
    return NOTHING


def _is_only_ours(group: int) -> bool:
    """Return whether nobody else is in *group*, as in the group that many systems make for each user."""
    ours = {_ROOT, os.geteuid()}
    try:
        members = [pwd.getpwnam(name).pw_uid for name in grp.getgrgid(group).gr_mem]
    except KeyError:
        return False
    members += [each.pw_uid for each in pwd.getpwall() if each.pw_gid == group]
    return set(members) <= ours


def _has_acl(place: Path) -> bool:
    # With access control lists, the mode's group bits are the most that anybody on the list may do.
    try:
        return _ACL in os.listxattr(place, follow_symlinks=False)
    except (OSError, AttributeError):
        return False


def _user(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def _group(number: int) -> str:
    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)
