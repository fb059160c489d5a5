"""Asks Cost Explorer, page by page."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import UTC, date, timedelta
from typing import Any

from botocore.exceptions import ClientError

from toban.chapters.cost.bill import BillTerms, BillUnknown
from toban.chapters.cost.bills.cost_explorer.answers import charges_of, questions
from toban.chapters.cost.bills.cost_explorer.config import CostExplorerBill
from toban.chapters.cost.charge import Bill, Charge, ChargeKey
from toban.engine import aws
from toban.engine.bindings.secret import SecretUnavailable
from toban.engine.clock import system_clock
from toban.message import Message, message_of

_RIGHTS = ("ce:GetCostAndUsage",)
_BACK = timedelta(days=100)
_DAY = timedelta(days=1)
_MOST_PAGES = 200
_ATTEMPTS = 4
_LATER = ("LimitExceededException", "DataUnavailableException")
"""Codes of Cost Explorer's own: too many questions, or its figures are being made."""
_UTC = "UTC"


class CostExplorer:
    """The costs of an account. Its days are those of UTC."""

    def __init__(self, config: CostExplorerBill) -> None:
        self._config = config

    def version(self) -> str:
        """See `BillSource`: nothing but asking can tell, and asking costs money."""
        return f"{system_clock().timestamp() // self._config.every.total_seconds():.0f}"

    def read(self, how: BillTerms) -> Bill:
        """See `BillSource`; today is still being charged, and not asked for."""
        if how.zone.key != _UTC:
            raise BillUnknown(Message("cost.days-of-utc"), hint=Message("cost.leave-out-the-zone"))
        today = how.now.astimezone(UTC).date()
        first = (today - _BACK).replace(day=1)
        days: dict[date, dict[ChargeKey, Charge]] = defaultdict(dict)
        rows = 0
        for on, charge in self._charges(first, today, how.tag):
            rows += 1
            days[on][charge.key] = charge.added_to(days[on].get(charge.key))
        # AWS does not say when its figures were made: they are those of the moment of asking.
        return Bill({on: list(found.values()) for on, found in days.items()}, how.now, rows)

    def _charges(self, first: date, last: date, tag: str) -> Iterator[tuple[date, Charge]]:
        config = self._config
        for number, question in enumerate(questions(first, last, config.account, tag)):
            by_tag = tag if number == 0 else ""
            for page in self._pages(question):
                try:
                    yield from list(charges_of(page, config.account, by_tag))
                except (KeyError, TypeError, ValueError) as error:
                    said = str(error)[:300]
                    raise BillUnknown(Message("cost.answer-unreadable", why=said)) from error

    def _pages(self, question: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        token: Mapping[str, str] = {}
        try:
            client = aws.client("ce", self._config, read_timeout=self._config.timeout, attempts=_ATTEMPTS)
            with closing(client):
                for _ in range(_MOST_PAGES):
                    page = client.get_cost_and_usage(**question, **token)
                    yield page
                    if not page.get("NextPageToken"):
                        return
                    token = {"NextPageToken": page["NextPageToken"]}
        except SecretUnavailable as missing:
            raise BillUnknown(message_of(missing)) from missing
        except aws.FAULTS as error:
            raise _unknown(error) from error
        raise BillUnknown(Message("cost.too-many-pages", most=_MOST_PAGES))


def _unknown(error: aws.AwsError) -> BillUnknown:
    fault = aws.fault_of(error, "Cost Explorer")
    is_later = isinstance(error, ClientError) and aws.code_of(error) in _LATER
    if is_later or fault.passes:
        return BillUnknown(fault.words, hint=Message("cost.asked-again-later"), retry=True)
    return BillUnknown(fault.words, hint=Message("cost.allow-actions", actions=_RIGHTS))
