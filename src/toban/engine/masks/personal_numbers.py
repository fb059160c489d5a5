"""Phone numbers, and Japan's Individual Numbers (My Number). Pure."""

import re

DIGIT = "[0-9０-９]"
# Besides the ASCII characters: the full-width digits, blanks and dashes of a Japanese keyboard, the ー that
# is typed as a dash there, and the characters that word processors substitute for blanks and hyphens.
_DASHES = "\\-\u2010-\u2015\u2212\u30fc\uff0d\uff70"
BLANKS_AND_DASHES = f" {_DASHES}\u00a0\u2000-\u200a\u202f\u3000"
_GAP = f"[{BLANKS_AND_DASHES}]"

_GROUPED = (
    rf"[(（]?[0０]{DIGIT}{{1,4}}(?:[)）]{_GAP}?|{_GAP}|{_GAP}?[(（])"
    rf"{DIGIT}{{1,4}}(?:[)）]|{_GAP}){DIGIT}{{3,4}}"
)
"""03-1234-5678, (03) 1234-5678, 0120-123-456."""
_UNGROUPED = r"[0０](?:[5-9５-９][0０][0-9０-９]{8}|[1１][2２][0０][0-9０-９]{6})"
"""Of mobile phones, and free: other digits without gaps may be anything."""
_ABROAD = rf"[+＋][1-9１-９]{DIGIT}{{0,2}}(?:{_GAP}?[(（][0０][)）])?(?:{_GAP}?{DIGIT}{{1,4}}){{2,5}}"
_BEFORE, _AFTER = rf"(?<![0-9０-９.])(?<!{DIGIT}[{_DASHES}])", rf"(?![{_DASHES}]?{DIGIT})"

PHONE = re.compile(rf"{_BEFORE}(?:{_ABROAD}|{_GROUPED}|{_UNGROUPED}){_AFTER}")

MY_NUMBER = re.compile(
    rf"{_BEFORE}(?:{DIGIT}{{12}}|{DIGIT}{{4}}(?P<gap>{_GAP}){DIGIT}{{4}}(?P=gap){DIGIT}{{4}}){_AFTER}"
)

SUSPICIOUS_PHONE = rf"[0-9０-９](?:[{BLANKS_AND_DASHES}()（）]{{0,2}}{DIGIT}){{8}}"
SUSPICIOUS_NUMBER = rf"{DIGIT}{{4}}{_GAP}?{DIGIT}{{4}}{_GAP}?{DIGIT}{{4}}"
"""What a line with such a number contains, for re2."""


def digits(written: str) -> str:
    """Return the digits of *written*."""
    return re.sub(r"\D", "", written)


def is_phone(written: str) -> bool:
    """Say whether *written*, which has the form of a phone number, has as many digits as one."""
    count = len(digits(written))
    # E.164 allows 15 digits; in Japan there are ten, and eleven of mobile phones.
    return 9 <= count <= 15 if written[0] in "+＋" else count in (10, 11)


def is_my_number(found: re.Match[str]) -> bool:
    """Say whether the last of the twelve digits is their check digit, and no further group stands beside."""
    gap = found["gap"]
    beside = (found.string[: found.start()][-2:][::-1], found.string[found.end() : found.end() + 2])
    is_more = gap and any(each[:1] == gap and each[1:].isdecimal() for each in beside)
    return not is_more and _checks(digits(found[0]))


def _checks(twelve: str) -> bool:
    """Say whether the last digit is the check digit (Order No. 85 of 2014, article 5)."""
    *number, check = map(int, twelve)
    weighted = sum(
        digit * weight for digit, weight in zip(number, (6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2), strict=True)
    )
    rest = weighted % 11
    return check == (0 if rest <= 1 else 11 - rest)
