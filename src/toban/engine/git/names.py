"""Which names of branches, tags and commits are taken: those of git, less what deceives readers. Pure."""

import re

_FORBIDDEN = re.compile(r"[ ~^:?*\[\\]|\.\.|@\{|//|(?:^|/)[.-]|(?:\.lock|\.)(?:/|$)|^/|/$|^@$")
_HASH = re.compile(r"[0-9a-f]{7,64}")
_FULL_HASH = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
LONGEST_NAME = 250


def is_usable_name(name: str) -> bool:
    """Return whether a branch or a tag may have this *name*.

    The rules are those of `git check-ref-format`. Besides, no part begins with a hyphen, which a program
    could take for an option, and no character is invisible or turns the direction of the text.
    """
    return 0 < len(name) <= LONGEST_NAME and name.isprintable() and _FORBIDDEN.search(name) is None


def is_hash(text: str) -> bool:
    """Return whether *text* could be a hash, or the beginning of one."""
    return _HASH.fullmatch(text) is not None


def is_full_hash(text: str) -> bool:
    """Return whether *text* is a whole hash."""
    return _FULL_HASH.fullmatch(text) is not None
