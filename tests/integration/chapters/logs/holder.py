"""A worker that deletes old logs, while somebody orders a hold: `holder.py STORE-URL WHEN`.

Prints as JSON what happened, in order, and the days that stay. WHEN is `before` or `during` a deletion.
"""

# Django needs its settings before any of its modules is loaded; the result goes to stdout.
# ruff: noqa: PLC0415, T201

import json
import sys
import threading

import django


def main() -> None:
    """Let the keeper make one step, and order a hold at the first day that it deletes."""
    django.setup()
    from django.db import connections
    from tests.integration.chapters.logs.keeping.test_keeper import NOON, ages, written

    from toban.chapters.logs.keeping import keeper as keeping
    from toban.chapters.logs.keeping.keeper import Keeper
    from toban.chapters.logs.models import Keeping
    from toban.engine.telemetry.logs.days import DayPart, LogDays
    from toban.engine.telemetry.store import Telemetry

    url, when = sys.argv[1:]
    telemetry = Telemetry(url)
    told: list[str] = []
    acknowledged = threading.Event()

    def order() -> None:
        keeping.hold("access", "調査", by="taro", now=NOON)
        told.append("acknowledged")
        acknowledged.set()
        connections.close_all()

    ordering = threading.Thread(target=order)

    class Days(LogDays):
        def delete(self, part: DayPart) -> None:
            if when == "during" and not told:
                ordering.start()
                # Enough time for an order that waits for nothing.
                acknowledged.wait(2)
            super().delete(part)
            told.append("deleted")

    class Between(Keeper):
        def _drop(self, kind: str, part: DayPart) -> bool:
            if when == "before":
                ordering.start()
                acknowledged.wait()
            return super()._drop(kind, part)

    Keeping.objects.create(kind="access", agreed="90日")
    Between(Days(telemetry)).step(written(), NOON, "d")
    ordering.join()
    print(json.dumps({"told": told, "stay": ages(telemetry)}))


if __name__ == "__main__":
    main()
