"""A separate server that stores the same events as others at once. `taker.py EVENTS ERRORS THREADS`."""

# Django needs its settings before any of its modules is loaded; the result goes to stdout.
# ruff: noqa: PLC0415, T201

import json
import sys
from concurrent.futures import ThreadPoolExecutor

import django


def main() -> None:
    """Store the events, each from a different thread, and print the outcome."""
    django.setup()
    from django.db import connections
    from tests.integration.chapters.errors.reported import event

    from toban.chapters.errors.intake import intake
    from toban.chapters.errors.models import ErrorGroup, ErrorHour, SeenEvent, StoredEvent

    if sys.argv[1:] == ["count"]:
        counts = ErrorGroup.objects.order_by("title").values_list("count", flat=True)
        hours = ErrorHour.objects.values_list("count", flat=True)
        stored, seen = StoredEvent.objects.count(), SeenEvent.objects.count()
        print(json.dumps({"counts": list(counts), "hours": sum(hours), "stored": stored, "seen": seen}))
        return
    events, errors, threads = map(int, sys.argv[1:])

    def take(number: int) -> str:
        try:
            found = event(
                f"Kind{number % errors}", event_id=f"{number:032x}", user={"id": "u1"}, release="1.0.0"
            )
            return intake.take("shop", found, found.at)[0].value
        finally:
            connections.close_all()

    with ThreadPoolExecutor(threads) as pool:
        print(json.dumps(list(pool.map(take, range(events)))))


if __name__ == "__main__":
    main()
