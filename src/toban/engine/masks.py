"""What must not be stored: credentials, card numbers, mail addresses. Pure."""

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from enum import StrEnum
from functools import partial
from typing import Any

import re2

from toban.engine.bindings.model import LogBinding

HIDDEN = "***"


class Mask(StrEnum):
    """What is masked, by its name in `[logs]`."""

    CREDENTIALS = "credentials"
    """Passwords, tokens, keys, cookies: in fields of such names, in texts behind such words, in URLs."""
    CARDS = "cards"
    """Numbers of payment cards (ISO/IEC 7812, with a valid check digit); the last four digits stay."""
    EMAILS = "emails"


_CREDENTIAL = (
    r"(?:pass(?:word|wd|phrase)|pwd|secret|authorization|(?:set-?)?cookie|credentials?|private[_-]?key"
    r"|api[_-]?key|(?:access|refresh|id|auth|session|csrf|bearer)?[_-]?token|session[_-]?id)"
)
_FIELD = re.compile(rf"(?:[\w.-]*[_.-])?{_CREDENTIAL}|\w*(?:Password|Secret|Token|ApiKey)", re.IGNORECASE)
_BEHIND = re.compile(
    rf"(?<![A-Za-z])({_CREDENTIAL}[\"']?\s*[=:]\s*[\"']?)((?:(?:bearer|basic)\s+)?[^\s\"',;&)\]}}]+)",
    re.IGNORECASE,
)
_SCHEME = re.compile(r"\b((?:bearer|basic)\s+)([A-Za-z0-9._~+/=-]{8,})", re.IGNORECASE)
_IN_URL = re.compile(r"(\w://[^/\s:@]*:)([^/\s@]+)(@)")
_CARD = re.compile(r"(?<![\d.-])\d(?:[ -]?\d){12,18}(?![\d-])")
# By chance an id may hold the digits of a card number; masked, it would lead to no trace any more.
_TRACING = re.compile(r"(?:trace|span|parentSpan|parent)[._]?id", re.IGNORECASE)
_HEXADECIMAL = re.compile(r"(?:[0-9a-f]{16}){1,2}", re.IGNORECASE)
_EMAIL = re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")

# What a line must hold to be worth a closer look, in words that one automaton finds in a single pass over a
# whole batch: that costs a twentieth of what the patterns above do.
_WORDS = (
    *("passw", "passp", "pwd", "secret", "authorization", "cookie", "credential", "token"),
    *("key", "session", "bearer ", "basic ", "@"),
)
_DIGITS = r"\d(?:[ -]?\d){12}"
_ESCAPE = re.escape(r"\u00")
"""What is to be found may be hidden in escapes, which JSON allows of any letter."""


class Masker:
    """Masks texts and records by the chosen rules."""

    def __init__(self, masks: Collection[Mask], fields: Iterable[str] = ()) -> None:
        """Mask by *masks*, and the whole value of each field named in *fields*."""
        self._hides_credentials = Mask.CREDENTIALS in masks
        self._hides_emails = Mask.EMAILS in masks
        self._hides_cards = Mask.CARDS in masks
        self._fields = frozenset(name.lower() for name in fields)
        words = set(self._fields)
        if self._hides_credentials:
            words.update(_WORDS)
        if self._hides_emails:
            words.add("@")
        self._suspicion = _one_of([*map(re.escape, sorted(words)), *[_DIGITS] * self._hides_cards])
        self._steps = tuple(self._texts())

    def suspects(self, body: bytes) -> frozenset[int]:
        """Return the numbers, from 1, of the lines that may hold something to mask; the others hold none."""
        if self._suspicion is None:
            return frozenset()
        found, line, counted = set(), 1, 0
        for each in self._suspicion.finditer(body):
            line += body.count(b"\n", counted, each.start())
            counted = each.start()
            found.add(line)
        return frozenset(found)

    def record(self, written: Mapping[str, object]) -> dict[str, object]:
        """Return a record, masked in all its depth."""
        return {name: self.value(each, name) for name, each in written.items()}

    def text(self, written: str) -> str:
        """Return *written* with what must not be stored replaced."""
        for step in self._steps:
            written = step(written)
        return written

    def value(self, written: object, name: str = "") -> object:
        """Return a field's value, masked in all its depth."""
        if self._hides(name):
            return HIDDEN
        if isinstance(written, str):
            is_id = _TRACING.fullmatch(name) and _HEXADECIMAL.fullmatch(written)
            return written if is_id else self.text(written)
        if isinstance(written, Mapping):
            return self.record(written)
        if isinstance(written, list):
            return [self.value(each, name) for each in written]
        if isinstance(written, int) and not isinstance(written, bool) and self._hides_cards:
            masked = _CARD.sub(_card, str(written))
            return written if masked == str(written) else masked
        return written

    def _hides(self, name: str) -> bool:
        if name.lower() in self._fields:
            return True
        return self._hides_credentials and _FIELD.fullmatch(name) is not None

    def _texts(self) -> Iterable[Callable[[str], str]]:
        if self._hides_credentials:
            yield partial(_SCHEME.sub, rf"\1{HIDDEN}")
            yield partial(_BEHIND.sub, rf"\1{HIDDEN}")
            yield partial(_IN_URL.sub, rf"\1{HIDDEN}\3")
        if self._hides_cards:
            yield partial(_CARD.sub, _card)
        if self._hides_emails:
            yield partial(_EMAIL.sub, HIDDEN)


def masker(binding: LogBinding) -> Masker:
    """Return what masks as `[logs]` says."""
    return Masker([Mask(name) for name in binding.mask], binding.mask_fields)


def _one_of(patterns: Sequence[str]) -> Any:  # re2 has no types
    """Return what finds the first of *patterns* in each line, in whatever case; None where there are none."""
    if not patterns:
        return None
    options = re2.Options()
    options.case_sensitive = False
    return re2.compile(f"(?:{'|'.join((*patterns, _ESCAPE))})[^\\n]*".encode(), options)


def _card(found: re.Match[str]) -> str:
    digits = re.sub(r"\D", "", found[0])
    return f"{HIDDEN}{digits[-4:]}" if _checks(digits) else found[0]


def _checks(digits: str) -> bool:
    """Whether the last digit is the check digit of the others (Luhn, ISO/IEC 7812-1 annex B)."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        doubled = int(digit) * (1 + place % 2)
        total += doubled - 9 if doubled > 9 else doubled
    return total % 10 == 0
