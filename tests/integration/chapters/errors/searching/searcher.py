"""Stores and searches errors: `searcher.py SEARCH…` prints as JSON what each search finds."""

# Django needs its settings before any of its modules is loaded; the result goes to stdout.
# ruff: noqa: PLC0415, T201

import json
import sys
from collections.abc import Sequence
from typing import Any

import django


def main(searches: Sequence[str]) -> None:
    """Store three errors, the first of them twice in different environments, and search."""
    django.setup()
    from tests.integration.chapters.errors.reported import event, take

    from toban.chapters.errors.kept import ErrorSearch, found
    from toban.chapters.errors.searching.search import read_search

    raised = [{"type": "CardError", "value": "カードが使えません: 残高 ¥1,200\n(order 77)"}]
    card: dict[str, Any] = {
        "exception": raised,
        "transaction": "/pay",
        "user": {"id": "u1"},
        "fingerprint": ["card"],
    }
    take(event(**card, release="shop@1.0", environment="staging", tags={"region": "osaka", "vip": "yes"}))
    take(event(**card, release="shop@1.1", environment="production", tags={"region": "tokyo"}))
    take(event("KeyError", level="warning", release="shop@1.0", tags={"release": "nightly"}))
    take(event(exception=None, message="stock_sync took 100% too long", logger="shop.stock", level="fatal"))

    def titles(search: str) -> list[str]:
        return [group.title.split()[0] for group in found(ErrorSearch(terms=read_search(search)))]

    print(json.dumps([titles(each) for each in searches], ensure_ascii=False))


if __name__ == "__main__":
    main(sys.argv[1:])
