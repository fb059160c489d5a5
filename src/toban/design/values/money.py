"""Budgets: ¥500,000, ¥550,000 (110%), $10, 30万円."""

import re
from dataclasses import dataclass
from decimal import Decimal

from toban.design.values.normal import plain

_SIGNS = {"¥": "JPY", "\\": "JPY", "$": "USD", "€": "EUR", "£": "GBP"}
_WORDS = {"円": "JPY", "ドル": "USD", "jpy": "JPY", "usd": "USD", "eur": "EUR", "gbp": "GBP", "yen": "JPY"}
_SCALES = {"": 1, "千": 10**3, "万": 10**4, "億": 10**8, "K": 10**3, "k": 10**3, "M": 10**6}
_AMOUNT = r"(?P<amount>\d{1,15}(?:,\d{3})*(?:\.\d{1,4})?) ?(?P<scale>[千万億KkM])?"
_MONEY = re.compile(
    rf"(?:月額?|約)?(?:(?P<sign>[¥\\$€£]) ?{_AMOUNT.replace('amount', 'amount1').replace('scale', 'scale1')}"
    rf"|(?P<code>JPY|USD|EUR|GBP) ?{_AMOUNT.replace('amount', 'amount2').replace('scale', 'scale2')}"
    rf"|{_AMOUNT} ?(?P<word>円|ドル|JPY|USD|EUR|GBP|yen))(?: ?/ ?(?:月|month|mo))?",
    re.IGNORECASE,
)
_PERCENT = r"(?:月?(?:次|額)?予算(?:の|比)?|対予算比?)? ?(?P<percent>\d{1,4}(?:\.\d{1,3})?)%(?: ?(?:超過?|以上|到達時?))?"
_ALERT = re.compile(rf"(?P<money>[^(%]*?)?(?: ?[(]?{_PERCENT}[)]?)?")


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in one currency (ISO 4217)."""

    amount: Decimal
    currency: str = "JPY"

    def __str__(self) -> str:
        sign = next((sign for sign, currency in _SIGNS.items() if currency == self.currency), "")
        amount = f"{self.amount.normalize():,f}"
        return f"{sign}{amount}" if sign else f"{self.currency} {amount}"


@dataclass(frozen=True, slots=True)
class BudgetAlert:
    """The spending that raises an alert: an amount, a percentage of the budget, or both."""

    amount: Money | None
    percent: Decimal | None = None

    def __str__(self) -> str:
        percent = "" if self.percent is None else f"{self.percent.normalize():f}%"
        if self.amount is None:
            return percent
        return f"{self.amount} ({percent})" if percent else str(self.amount)


def read_money(text: str) -> Money | None:
    """Read an amount with its currency: ¥500,000, 30万円, $10; a bare number is not an amount."""
    match = _MONEY.fullmatch(plain(text))
    if match is None:
        return None
    amount = match["amount"] or match["amount1"] or match["amount2"]
    scale = match["scale"] or match["scale1"] or match["scale2"] or ""
    currency = _SIGNS[match["sign"]] if match["sign"] else _WORDS[(match["code"] or match["word"]).lower()]
    return Money(Decimal(amount.replace(",", "")) * _SCALES[scale], currency)


def read_budget_alert(text: str) -> BudgetAlert | None:
    """Read what raises a cost alert: ¥550,000 (110%), ¥55,000, 80%."""
    match = _ALERT.fullmatch(plain(text))
    if match is None:
        return None
    percent = Decimal(match["percent"]) if match["percent"] else None
    if not match["money"]:
        return None if percent is None else BudgetAlert(None, percent)
    money = read_money(match["money"])
    return None if money is None else BudgetAlert(money, percent)
