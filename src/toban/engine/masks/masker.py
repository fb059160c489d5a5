"""What must not be stored: credentials, numbers of cards and people, mail addresses. Pure."""

import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from functools import partial
from typing import Any

import re2

from toban.engine.bindings.masking import Masking
from toban.engine.masks.personal_numbers import (
    BLANKS_AND_DASHES,
    DIGIT,
    MY_NUMBER,
    PHONE,
    SUSPICIOUS_NUMBER,
    SUSPICIOUS_PHONE,
    digits,
    is_my_number,
    is_phone,
)
from toban.engine.masks.secret_shapes import BEGINNINGS, PRIVATE_KEY, TOKEN, WEBHOOK

HIDDEN = "***"


class Mask(StrEnum):
    """What is masked, by its name in `[logs]`."""

    CREDENTIALS = "credentials"
    """Passwords, tokens, keys, cookies: in fields with such names, in text after such words, in URLs."""
    CARDS = "cards"
    """Numbers of payment cards (ISO/IEC 7812, with a valid check digit), except the last four digits, and
    their security codes."""
    EMAILS = "emails"
    PHONES = "phones"
    """Phone numbers of Japan, and others that begin with +."""
    MY_NUMBERS = "my_numbers"
    """Japan's Individual Numbers, with a valid check digit."""


_JAPANESE = (
    *("パスワード", "ﾊﾟｽﾜｰﾄﾞ", "パスフレーズ", "暗証番号", "秘密鍵", "シークレット", "トークン"),
    *("アクセスキー", "APIキー"),
)

_CREDENTIAL = (
    r"(?:pass(?:word|wd|phrase|code)(?:[_-]?(?:hash|confirm(?:ation)?))?|pwd|secret|authorization"
    r"|(?:set-?)?cookies?|credentials?|(?:api|private|secret|access|signing|encryption)[_-]?(?:access[_-]?)?key"
    r"|(?:access|refresh|id|auth|session|csrf|bearer)?[_-]?token|session[_-]?id"
    rf"|{'|'.join(_JAPANESE)})"
)
_FIELD = re.compile(
    rf"(?:[\w.-]*[_.-])?{_CREDENTIAL}"
    rf"|\w*(?:Password|Secret|Token|(?:Api|Private|Secret|Access)Key|{'|'.join(_JAPANESE)})",
    re.IGNORECASE,
)
# A text may contain JSON that contains JSON: its quotes are then escaped with backslashes. Bounded, because
# the input comes from strangers.
_IS = r"\\{0,8}[\"']?\s*(?P<is>[=:＝：])\s*"
_QUOTED = r"(?P<quote>\\{0,8}[\"'])(?:(?!(?P=quote))(?:\\.|.))*"
# An unquoted value extends to the next white space, since a password may contain any delimiter. It ends
# earlier at a delimiter that ends a sentence, closes a quote, or precedes a next parameter of the same form.
_WORD = r"[^\s\\\"',;&)\]}、。」）]"
_DELIMITER = r"[\\\"',;&)\]}、。」）]"
_SENTENCE_ENDS = r"[,;&)\]}.:!?>、。」）]{0,8}+(?:\\{0,8}[\"'](?!\w)|\s|\Z)"
_NEXT = r"[\\\"',;&)\]}({\[、。」）]{1,8}+[\w.@%\[\]-]{1,40}+\\{0,8}[\"']?[ \t]{0,8}(?P=is)"
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
_GAP = f"[{BLANKS_AND_DASHES}]"
_RUN = re.compile(rf"(?<![0-9０-９.])(?<!{DIGIT}-){DIGIT}(?:{_GAP}?{DIGIT}){{12,}}")
_MOST_DIGITS = 19


def _in_groups(gap: str) -> str:
    return rf"{DIGIT}{{4}}(?:(?:{gap}{DIGIT}{{4}}){{3}}|{gap}{DIGIT}{{6}}{gap}{DIGIT}{{4,5}})"


# A run of digits may also contain the card's expiry month, its security code, or an amount.
_CARD_WITHIN = re.compile(rf"(?<!{DIGIT})(?=((?:{DIGIT}{{13,19}}|{_in_groups(_GAP)})(?!{DIGIT})))")
# Between other digits, a dot belongs to a number or an address.
_GAP_OR_DOT = f"[.．{BLANKS_AND_DASHES}]"
_WITH_DOTS = re.compile(rf"(?<!{DIGIT})(?=({_in_groups(_GAP_OR_DOT)}(?!{DIGIT})))")
# Timestamps begin like this, and cards don't: 1732591234567, 20261126120000. Only UATP cards, which have 15
# digits, begin with a 1.
_NO_CARD = re.compile("[0０]|[1１](?!.{14}$)|[2２][0０]")
# Security codes belong to cards, not credentials: anyone who masks card numbers wants these masked, too.
_CODE = r"(?:cv[vc]2?|security[ _.-]?code|セキュリティ[ ・]?コード)"
_CODE_FIELD = re.compile(rf"[\w .-]*?{_CODE}(?:[ _-]?(?:code|number|value))?", re.IGNORECASE)
# Without quotes, only digits: "cvc: mismatch" is useful, and not secret.
_CODE_BEHIND = _behind(_CODE, rf"{DIGIT}{{3,}}")
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
# A domain ends in letters, and begins with no version: shop@1.4.2 and shop@2.0.0-rc.one are releases.
_LABEL = "[A-Za-z0-9Ａ-Ｚａ-ｚ０-９-]"
_EMAIL = re.compile(
    r"[A-Za-z0-9._%+\-Ａ-Ｚａ-ｚ０-９．＿％＋－]{1,64}[@＠](?!v?\d+\.\d)"
    rf"(?:{_LABEL}+[.．])+(?:xn--[A-Za-z0-9-]+|[A-Za-zＡ-Ｚａ-ｚ]{{2,}})(?!{_LABEL})"
)

# What a line must contain to be worth a closer look. One automaton finds these words in a single pass over a
# whole batch, at a twentieth of the cost of the patterns above.
_WORDS = (
    *("passw", "passp", "passc", "pwd", "secret", "authorization", "cookie", "credential", "token"),
    *("key", "session", "bearer ", "basic ", "@"),
    *_JAPANESE,
    # The same from a sender that escapes everything except ASCII.
    *(json.dumps(each).strip('"') for each in _JAPANESE),
)
_FULL_WIDTH_AT = ("＠", json.dumps("＠").strip('"'))
_ESCAPED_NUMBER = (
    r"\\uff1[0-9]",
    r"[0-9]\\u(?:20[0-9a-f][0-9a-f]|2212|3000|30fc|ff0d|ff0e|ff70)",
)
_CARDS = (
    f"{DIGIT}(?:{_GAP}?{DIGIT}){{12}}",
    _in_groups(_GAP_OR_DOT),
    _CODE,
    re.escape(json.dumps("セキュリティ").strip('"')),
    *_ESCAPED_NUMBER,
)
_SUSPICIOUS: Mapping[Mask, Sequence[str]] = {
    Mask.CREDENTIALS: (*map(re.escape, _WORDS), *BEGINNINGS),
    Mask.CARDS: _CARDS,
    Mask.EMAILS: ("@", *map(re.escape, _FULL_WIDTH_AT)),
    Mask.PHONES: (SUSPICIOUS_PHONE, r"\\uff08", *_ESCAPED_NUMBER),
    Mask.MY_NUMBERS: (SUSPICIOUS_NUMBER, *_ESCAPED_NUMBER),
}
_ESCAPE, _ANY_ESCAPE = re.escape(r"\u00"), re.escape(r"\u")
"""Escapes of ASCII letters, and all escapes: JSON allows any letter as an escape, which may hide a match."""


class Masker:
    """Masks texts and records by the chosen rules."""

    def __init__(
        self, masks: Collection[Mask], fields: Iterable[str] = (), patterns: Sequence[str] = ()
    ) -> None:
        """Mask by *masks*, the whole value of each field named in *fields*, and what *patterns* match."""
        self._hides_credentials = Mask.CREDENTIALS in masks
        self._hides_cards = Mask.CARDS in masks
        self._hides_my_numbers = Mask.MY_NUMBERS in masks
        self._fields = frozenset(name.lower() for name in fields)
        self._own = [re2.compile(each) for each in patterns]
        suspicious = [*map(re.escape, sorted(self._fields))]
        for each in masks:
            suspicious += _SUSPICIOUS[each]
        # Many senders escape everything except ASCII, even in the names of fields.
        is_ascii = all(name.isascii() for name in self._fields)
        self._suspicion = _one_of(suspicious, _ESCAPE if is_ascii else _ANY_ESCAPE)
        self._steps = tuple(self._texts(masks))

    def suspects(self, body: bytes) -> Collection[int]:
        """Return the numbers, from 1, of the lines that may contain something to mask; the others don't."""
        if self._own:
            # What a pattern matches may be written in many ways in JSON, and it may match a whole value.
            return range(1, body.count(b"\n") + 2)
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
        if isinstance(written, int) and not isinstance(written, bool):
            masked = self._number(str(written))
            return written if masked == str(written) else masked
        return written

    def _number(self, written: str) -> str:
        if self._hides_cards:
            written = _RUN.sub(_run, written)
        return MY_NUMBER.sub(_my_number, written) if self._hides_my_numbers else written

    def _hides(self, name: str) -> bool:
        if name.lower() in self._fields:
            return True
        if self._hides_cards and _CODE_FIELD.fullmatch(name):
            return True
        return self._hides_credentials and _FIELD.fullmatch(name) is not None

    def _texts(self, masks: Collection[Mask]) -> Iterator[Callable[[str], str]]:
        if Mask.CREDENTIALS in masks:
            yield from _CREDENTIAL_STEPS
        if Mask.CARDS in masks:
            yield partial(_CODE_BEHIND.sub, _hidden_behind)
            yield partial(_between_ids, _cards)
        if Mask.MY_NUMBERS in masks:
            yield partial(_between_ids, partial(MY_NUMBER.sub, _my_number))
        if Mask.PHONES in masks:
            yield partial(_between_ids, partial(PHONE.sub, _phone))
        if Mask.EMAILS in masks:
            yield partial(_EMAIL.sub, HIDDEN)
        for pattern in self._own:
            yield partial(pattern.sub, HIDDEN)


def masker(binding: Masking) -> Masker:
    """Return the `Masker` that `[logs]` configures."""
    return Masker([Mask(name) for name in binding.mask], binding.mask_fields, binding.mask_patterns)


def _one_of(patterns: Sequence[str], escape: str) -> Any:  # re2 has no types
    """Return a pattern for the first of *patterns*, or an *escape*, in each line; None if there are none."""
    if not patterns:
        return None
    options = re2.Options()
    options.case_sensitive = False
    return re2.compile(f"(?:{'|'.join((*patterns, escape))})[^\\n]*".encode(), options)


def _hidden_behind(found: re.Match[str]) -> str:
    return f"{found[1]}{found['quote'] or ''}{HIDDEN}"


def _between_ids(step: Callable[[str], str], text: str) -> str:
    """Return the result of *step* for each part of *text* between ids, which stay whole."""
    parts = _ID.split(text)
    parts[::2] = map(step, parts[::2])
    return "".join(parts)


def _cards(text: str) -> str:
    return _without_cards(_WITH_DOTS, _RUN.sub(_run, text))


def _my_number(found: re.Match[str]) -> str:
    return HIDDEN if is_my_number(found) else found[0]


def _phone(found: re.Match[str]) -> str:
    return HIDDEN if is_phone(found[0]) else found[0]


def _run(found: re.Match[str]) -> str:
    """Return a run of digits with card numbers masked."""
    run = found[0]
    if _checks(digits(run)):
        return _hidden_card(run)
    return _without_cards(_CARD_WITHIN, run)


def _without_cards(pattern: re.Pattern[str], text: str) -> str:
    """Return *text* with the matches of *pattern* masked that are card numbers; matches may overlap."""
    parts, end = [], 0
    for card in pattern.finditer(text):
        if card.start(1) >= end and _checks(digits(card[1])):
            parts += [text[end : card.start(1)], _hidden_card(card[1])]
            end = card.end(1)
    return "".join((*parts, text[end:]))


def _hidden_card(number: str) -> str:
    return f"{HIDDEN}{digits(number)[-4:]}"


def _checks(number: str) -> bool:
    """Return whether *number* may be a card number, by its check digit (ISO/IEC 7812-1 annex B)."""
    if len(number) > _MOST_DIGITS or _NO_CARD.match(number):
        return False
    total = 0
    for place, digit in enumerate(reversed(number)):
        doubled = int(digit) * (1 + place % 2)
        total += doubled - 9 if doubled > 9 else doubled
    return total % 10 == 0


_CREDENTIAL_STEPS: Sequence[Callable[[str], str]] = (
    partial(PRIVATE_KEY.sub, rf"\1{HIDDEN}\2"),
    partial(_SCHEME.sub, rf"\1{HIDDEN}"),
    *(partial(pattern.sub, _hidden_behind) for pattern in _BEHIND),
    partial(_OPTION.sub, rf"\1{HIDDEN}"),
    partial(_ELEMENT.sub, rf"\1{HIDDEN}"),
    partial(_IN_URL.sub, rf"\1{HIDDEN}\3"),
    partial(WEBHOOK.sub, rf"\1{HIDDEN}"),
    partial(TOKEN.sub, HIDDEN),
)
