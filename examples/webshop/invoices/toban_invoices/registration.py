"""The registration number of a qualified invoice issuer (適格請求書発行事業者の登録番号). Pure.

It is T and 13 digits. A corporation's digits are its corporate number (法人番号), whose first digit checks
the other twelve: Order of the Ministry of Finance on the Designation of Corporate Numbers, article 2;
https://www.houjin-bangou.nta.go.jp/documents/checkdigit.pdf
"""

import re

from toban.message import NOTHING, Message

_NUMBER = re.compile(r"T[0-9]{13}")


def complaint(number: str, *, is_corporation: bool) -> Message:
    """Return what is wrong with *number*; `NOTHING` if it is valid.

    The numbers of sole proprietors are not corporate numbers: only their form can be checked.
    """
    if _NUMBER.fullmatch(number) is None:
        return Message("invoices.not-a-registration-number", number=number)
    if is_corporation and int(number[1]) != check_digit(number[2:]):
        return Message("invoices.check-digit-is-wrong", number=number)
    return NOTHING


def check_digit(base: str) -> int:
    """Return the digit, 1 to 9, that precedes the twelve digits of *base*."""
    weighted = (int(digit) * (2 if place % 2 else 1) for place, digit in enumerate(reversed(base)))
    return 9 - sum(weighted) % 9
