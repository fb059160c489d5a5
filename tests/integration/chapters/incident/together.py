"""A process that acts on incidents at the same moment as others: `together.py VERB ACCOUNT SECONDS`.

All processes begin at the same time, SECONDS after the epoch, and print how often they were heard.
"""

import sys
import time

import django

django.setup()

from django.db import connection  # noqa: E402 - Django must be ready
from tests.integration.chapters.incident.place import MINUTE, Place  # noqa: E402

from toban.chapters.incident import orders, reported  # noqa: E402
from toban.chapters.incident.models import Incident  # noqa: E402
from toban.engine.orders import NotPossible  # noqa: E402

TIMES = 5


def main(verb: str, name: str, start: float) -> None:
    place = Place().pass_(MINUTE)
    connection.ensure_connection()
    time.sleep(max(start - time.time(), 0))
    heard = 0
    for _ in range(TIMES):
        try:
            _act(verb, name, place)
            heard += 1
        except NotPossible:
            continue
    sys.stdout.write(f"{heard}\n")


def _act(verb: str, name: str, place: Place) -> None:
    match verb:
        case "look":
            place.look()
        case "report":
            reported.take(reported.UserReport("注文できない"), place.order(name), place.now)
        case "take":
            orders.take(Incident.objects.get().pk, place.order(name), place.now)
        case "merge":
            first, last = Incident.objects.order_by("pk")
            pair = (first, last) if name == "nami" else (last, first)
            orders.merge(pair[0].pk, pair[1].pk, place.order(name), place.now)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], float(sys.argv[3]))
