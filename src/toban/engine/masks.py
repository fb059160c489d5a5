"""What must not be stored: credentials, card numbers, mail addresses. Pure."""

import json
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from enum import StrEnum
from functools import partial
from typing import Any

import re2

from toban.engine.bindings.masking import Masking

HIDDEN = "***"


class Mask(StrEnum):
    """What is masked, by its name in `[logs]`."""

    CREDENTIALS = "credentials"
    """Passwords, tokens, keys, cookies: in fields with such names, in text after such words, in URLs."""
    CARDS = "cards"
    """Numbers of payment cards (ISO/IEC 7812, with a valid check digit), except the last four digits, and
    their security codes."""
    EMAILS = "emails"


_CREDENTIAL = (
    r"(?:pass(?:word|wd|phrase|code)(?:[_-]?(?:hash|confirm(?:ation)?))?|pwd|secret|authorization"
    r"|(?:set-?)?cookies?|credentials?|(?:api|private|secret|access|signing|encryption)[_-]?(?:access[_-]?)?key"
    r"|(?:access|refresh|id|auth|session|csrf|bearer)?[_-]?token|session[_-]?id)"
)
_FIELD = re.compile(
    rf"(?:[\w.-]*[_.-])?{_CREDENTIAL}|\w*(?:Password|Secret|Token|(?:Api|Private|Secret|Access)Key)",
    re.IGNORECASE,
)
# A text may contain JSON that contains JSON: its quotes are then escaped with backslashes. Bounded, because
# the input comes from strangers.
_IS = r"\\{0,8}[\"']?\s*(?P<is>[=:＝：])\s*"
_QUOTED = r"(?P<quote>\\{0,8}[\"'])(?:(?!(?P=quote))(?:\\.|.))*"
# An unquoted value extends to the next white space, since a password may contain any delimiter. It ends
# earlier at a delimiter that ends a sentence, closes a quote, or precedes a next parameter of the same form.
_WORD = r"[^\s\\\"',;&)\]}]"
_DELIMITER = r"[\\\"',;&)\]}]"
_SENTENCE_ENDS = r"[,;&)\]}.:!?>]{0,8}+(?:\\{0,8}[\"'](?!\w)|\s|\Z)"
_NEXT = r"[\\\"',;&)\]}({\[]{1,8}+[\w.@%\[\]-]{1,40}+\\{0,8}[\"']?[ \t]{0,8}(?P=is)"
_BARE = rf"(?:{_WORD}++|(?!{_SENTENCE_ENDS}|{_NEXT}){_DELIMITER})++"
# After these names several words are one value: a=1; b=2 for cookies, and Digest a="1", b="2".
_ALL = rf"(?:{_WORD}++|(?!{_SENTENCE_ENDS}){_DELIMITER})++"
_COOKIES = rf"{_ALL}(?:;[ \t]*{_ALL})*"
_PARAMETER = r"[\w-]+=(?:\"[^\"]*\"|[^\s\",]+)"
_AUTHORIZATION = rf"(?:[A-Za-z][\w-]*[ \t]+)?(?:{_PARAMETER}(?:,[ \t]*{_PARAMETER})*(?:{_ALL})?|{_ALL})"


def _behind(name: str, value: str) -> re.Pattern[str]:
    return re.compile(rf"({name}{_IS})(?:{_QUOTED}|{value})", re.IGNORECASE)


_BEHIND = (
    _behind("cookies?", _COOKIES),
    _behind("authorization", _AUTHORIZATION),
    _behind(_CREDENTIAL, rf"(?:(?:bearer|basic)\s+)?{_BARE}"),
)
_OPTION = re.compile(rf"((?<![\w-])--[\w-]{{0,40}}?{_CREDENTIAL}[ \t]+)(?!-)\S+", re.IGNORECASE)
_ELEMENT = re.compile(rf"(<[\w:.-]*{_CREDENTIAL}(?:\s[^<>]*)?>)[^<]+", re.IGNORECASE)
_SCHEME = re.compile(r"\b((?:bearer|basic)\s+)([A-Za-z0-9._~+/=-]{8,})", re.IGNORECASE)
# The last @ ends it: a password may contain others.
_IN_URL = re.compile(r"(\w://[^/\s:@]*:)([^/\s]+)(@)")
# Besides the ASCII characters: the full-width digits, blanks and dashes of a Japanese keyboard, the ー that
# is typed as a dash there, and the characters that word processors substitute for blanks and hyphens.
_DIGIT = "[0-9０-９]"
_BLANKS_AND_DASHES = " \\-\u00a0\u2000-\u200a\u2010-\u2015\u202f\u2212\u3000\u30fc\uff0d\uff70"
_GAP = f"[{_BLANKS_AND_DASHES}]"
_RUN = re.compile(rf"(?<![0-9０-９.])(?<!{_DIGIT}-){_DIGIT}(?:{_GAP}?{_DIGIT}){{12,}}")
_MOST_DIGITS = 19


def _in_groups(gap: str) -> str:
    return rf"{_DIGIT}{{4}}(?:(?:{gap}{_DIGIT}{{4}}){{3}}|{gap}{_DIGIT}{{6}}{gap}{_DIGIT}{{4,5}})"


# A run of digits may also contain the card's expiry month, its security code, or an amount.
_CARD_WITHIN = re.compile(rf"(?<!{_DIGIT})(?=((?:{_DIGIT}{{13,19}}|{_in_groups(_GAP)})(?!{_DIGIT})))")
# Between other digits, a dot belongs to a number or an address.
_GAP_OR_DOT = f"[.．{_BLANKS_AND_DASHES}]"
_WITH_DOTS = re.compile(rf"(?<!{_DIGIT})(?=({_in_groups(_GAP_OR_DOT)}(?!{_DIGIT})))")
# Timestamps begin like this, and cards don't: 1732591234567, 20261126120000. Only UATP cards, which have 15
# digits, begin with a 1.
_NO_CARD = re.compile("[0０]|[1１](?!.{14}$)|[2２][0０]")
# Security codes belong to cards, not credentials: anyone who masks card numbers wants these masked, too.
_CODE = r"(?:cv[vc]2?|security[ _.-]?code|セキュリティ[ ・]?コード)"
_CODE_FIELD = re.compile(rf"[\w .-]*?{_CODE}(?:[ _-]?(?:code|number|value))?", re.IGNORECASE)
# Without quotes, only digits: "cvc: mismatch" is useful, and not secret.
_CODE_BEHIND = _behind(_CODE, rf"{_DIGIT}{{3,}}")
# An id may contain the digits of a card number by chance; masked, it would no longer lead to its trace.
_TRACING = re.compile(r"(?:trace|span|parentSpan|parent)[._]?id", re.IGNORECASE)
_HEXADECIMAL = re.compile(r"(?:[0-9a-f]{16}){1,2}", re.IGNORECASE)
_ID = re.compile(
    r"(?<![0-9A-Za-z])([0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|[0-9a-f]{32})(?![0-9A-Za-z])",
    re.IGNORECASE,
)
"""UUIDs and trace ids in a text."""
# A local part has at most 64 characters (RFC 5321). Without a bound, a long word would be rescanned from each
# of its characters.
_EMAIL = re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")

# What a line must contain to be worth a closer look. One automaton finds these words in a single pass over a
# whole batch, at a twentieth of the cost of the patterns above.
_WORDS = (
    *("passw", "passp", "passc", "pwd", "secret", "authorization", "cookie", "credential", "token"),
    *("key", "session", "bearer ", "basic ", "@"),
)
_CARDS = (
    f"{_DIGIT}(?:{_GAP}?{_DIGIT}){{12}}",
    _in_groups(_GAP_OR_DOT),
    _CODE,
    # The same from a sender that escapes everything except ASCII.
    re.escape(json.dumps("セキュリティ").strip('"')),
    r"\\uff1[0-9]",
    r"[0-9]\\u(?:20[0-9a-f][0-9a-f]|2212|3000|30fc|ff0d|ff0e|ff70)",
)
_ESCAPE, _ANY_ESCAPE = re.escape(r"\u00"), re.escape(r"\u")
"""Escapes of ASCII letters, and all escapes: JSON allows any letter as an escape, which may hide a match."""


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
        patterns = [*map(re.escape, sorted(words)), *(_CARDS if self._hides_cards else ())]
        # Many senders escape everything except ASCII, even in the names of fields.
        is_ascii = all(name.isascii() for name in self._fields)
        self._suspicion = _one_of(patterns, _ESCAPE if is_ascii else _ANY_ESCAPE)
        self._steps = tuple(self._texts())

    def suspects(self, body: bytes) -> frozenset[int]:
        """Return the numbers, from 1, of the lines that may contain something to mask; the others don't."""
        if self._suspicion is None:
            return frozenset()
        found, line, counted = set(), 1, 0
        for each in self._suspicion.finditer(body):
            line += body.count(b"\n", counted, each.start())
            counted = each.start()
            found.add(line)
        return frozenset(found)

    def record(self, written: Mapping[str, object]) -> dict[str, object]:
        """Return a record, masked at every depth."""
        return {name: self.value(each, name) for name, each in written.items()}

    def text(self, written: str) -> str:
        """Return *written* with everything masked that must not be stored."""
        for step in self._steps:
            written = step(written)
        return written

    def value(self, written: object, name: str = "") -> object:
        """Return a field's value, masked at every depth."""
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
            masked = _RUN.sub(_run, str(written))
            return written if masked == str(written) else masked
        return written

    def _hides(self, name: str) -> bool:
        if name.lower() in self._fields:
            return True
        if self._hides_cards and _CODE_FIELD.fullmatch(name):
            return True
        return self._hides_credentials and _FIELD.fullmatch(name) is not None

    def _texts(self) -> Iterable[Callable[[str], str]]:
        if self._hides_credentials:
            yield partial(_SCHEME.sub, rf"\1{HIDDEN}")
            for pattern in _BEHIND:
                yield partial(pattern.sub, _hidden_behind)
            yield partial(_OPTION.sub, rf"\1{HIDDEN}")
            yield partial(_ELEMENT.sub, rf"\1{HIDDEN}")
            yield partial(_IN_URL.sub, rf"\1{HIDDEN}\3")
        if self._hides_cards:
            yield partial(_CODE_BEHIND.sub, _hidden_behind)
            yield _between_ids
        if self._hides_emails:
            yield partial(_EMAIL.sub, HIDDEN)


def masker(binding: Masking) -> Masker:
    """Return the `Masker` that `[logs]` configures."""
    return Masker([Mask(name) for name in binding.mask], binding.mask_fields)


def _one_of(patterns: Sequence[str], escape: str) -> Any:  # re2 has no types
    """Return a pattern for the first of *patterns*, or an *escape*, in each line; None if there are none."""
    if not patterns:
        return None
    options = re2.Options()
    options.case_sensitive = False
    return re2.compile(f"(?:{'|'.join((*patterns, escape))})[^\\n]*".encode(), options)


def _hidden_behind(found: re.Match[str]) -> str:
    return f"{found[1]}{found['quote'] or ''}{HIDDEN}"


def _between_ids(text: str) -> str:
    """Return *text* with card numbers masked; ids stay whole."""
    parts = _ID.split(text)
    parts[::2] = [_without_cards(_WITH_DOTS, _RUN.sub(_run, each)) for each in parts[::2]]
    return "".join(parts)


def _run(found: re.Match[str]) -> str:
    """Return a run of digits with card numbers masked."""
    run = found[0]
    if _checks(_digits(run)):
        return _hidden_card(run)
    return _without_cards(_CARD_WITHIN, run)


def _without_cards(pattern: re.Pattern[str], text: str) -> str:
    """Return *text* with the matches of *pattern* masked that are card numbers; matches may overlap."""
    parts, end = [], 0
    for card in pattern.finditer(text):
        if card.start(1) >= end and _checks(_digits(card[1])):
            parts += [text[end : card.start(1)], _hidden_card(card[1])]
            end = card.end(1)
    return "".join((*parts, text[end:]))


def _hidden_card(number: str) -> str:
    return f"{HIDDEN}{_digits(number)[-4:]}"


def _digits(written: str) -> str:
    return re.sub(r"\D", "", written)


def _checks(digits: str) -> bool:
    """Return whether *digits* may be a card number, by its check digit (ISO/IEC 7812-1 annex B)."""
    if len(digits) > _MOST_DIGITS or _NO_CARD.match(digits):
        return False
    total = 0
    for place, digit in enumerate(reversed(digits)):
        doubled = int(digit) * (1 + place % 2)
        total += doubled - 9 if doubled > 9 else doubled
    return total % 10 == 0
