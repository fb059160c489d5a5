"""What must not be stored: credentials, card numbers, mail addresses. Pure."""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from enum import StrEnum
from functools import partial

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

# What a line must hold to be worth a closer look; found by plain search over a whole batch at once, which
# costs a hundredth of what the patterns do.
_WORDS = (
    *(b"passw", b"passp", b"pwd", b"secret", b"authorization", b"cookie", b"credential", b"token"),
    *(b"key", b"session", b"bearer ", b"basic ", b"@"),
)
_ESCAPE = b"\\u00"
"""A word may be hidden in escapes, which JSON allows of any letter."""
# All digits alike and nothing between them: the shortest card number is then one plain word.
_ALIKE = bytes.maketrans(b"123456789", b"000000000")
_BETWEEN = b" -"
_DIGITS = b"0" * 13


class Masker:
    """Masks texts and records by the chosen rules."""

    def __init__(self, masks: Collection[Mask], fields: Iterable[str] = ()) -> None:
        """Mask by *masks*, and the whole value of each field named in *fields*."""
        self._hides_credentials = Mask.CREDENTIALS in masks
        self._hides_emails = Mask.EMAILS in masks
        self._hides_cards = Mask.CARDS in masks
        self._fields = frozenset(name.lower() for name in fields)
        words = {name.encode() for name in self._fields}
        if self._hides_credentials:
            words.update(_WORDS)
        if self._hides_emails:
            words.add(b"@")
        self._words = (*sorted(words), _ESCAPE) if words else ()
        self._steps = tuple(self._texts())

    def suspects(self, body: bytes) -> frozenset[int]:
        """Return the numbers, from 1, of the lines that may hold something to mask; the others hold none."""
        lower = body.lower()
        lines = set(_lines_of(self._words, lower))
        if self._hides_cards:
            lines.update(_lines_of((_DIGITS,), body.translate(_ALIKE, _BETWEEN)))
        return frozenset(lines)

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


def _lines_of(words: Iterable[bytes], body: bytes) -> Iterator[int]:
    """Yield the numbers of the lines of *body* that hold one of *words*."""
    for word in words:
        line, counted, place = 1, 0, body.find(word)
        while place >= 0:
            line += body.count(b"\n", counted, place)
            counted = place
            yield line
            end = body.find(b"\n", place)
            place = body.find(word, end) if end >= 0 else -1


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
