"""Processes around a deletion: `deleter.py delete|write|hold …`; each prints a word when it is done.

`delete STORE-URL` prints `deleting` while it holds the lock, and continues when it reads a line. `write`
writes to the chain of evidence. `hold SECONDS` orders a hold, waits at most that long, and prints the
outcome.
"""

# Django needs its settings before any of its modules is loaded; the result goes to stdout.
# ruff: noqa: PLC0415, T201

import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta

import django


def delete(url: str) -> None:
    """Let the keeper make one step; the store deletes only after a line was read."""
    from tests.integration.chapters.logs.keeping.test_keeper import NOON, written

    from toban.chapters.logs.keeping.keeper import Keeper
    from toban.chapters.logs.models import Keeping
    from toban.engine.telemetry.logs.days import DayPart, LogDays
    from toban.engine.telemetry.store import Telemetry

    class Days(LogDays):
        def delete(self, part: DayPart) -> None:
            print("deleting", flush=True)
            sys.stdin.readline()
            super().delete(part)

    Keeping.objects.get_or_create(kind="access", defaults={"agreed": "90日"})
    Keeper(Days(Telemetry(url))).step(written(), NOON, "d")


def write() -> None:
    """Write to the state database like other processes do all the time."""
    from tests.integration.chapters.logs.keeping.test_keeper import NOON

    from toban.engine.evidence import ledger
    from toban.engine.evidence.models import LedgerEntry

    ledger.append(ledger.Record(LedgerEntry.Kind.AUDIT, {"event": "meanwhile"}), now=NOON)
    print("written")


def hold(seconds: str) -> None:
    """Order a hold."""
    from tests.integration.chapters.logs.keeping.test_keeper import NOON

    from toban.chapters.logs.keeping import keeper as keeping
    from toban.chapters.logs.keeping.undisturbed import LockUnusable, StillDeleting

    try:
        patience = timedelta(seconds=float(seconds))
        keeping.hold("access", "調査", by="taro", now=NOON, patience=patience)
    except (StillDeleting, LockUnusable) as refused:
        print(f"{type(refused).__name__}: {refused} HINT: {refused.hint}")
    else:
        print("held", [each.day for each in keeping.under_way("access")])


def main(order: str, arguments: Sequence[str]) -> None:
    """Run the given command."""
    django.setup()
    orders: Mapping[str, Callable[..., None]] = {"delete": delete, "write": write, "hold": hold}
    orders[order](*arguments)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
