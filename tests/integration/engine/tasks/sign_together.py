"""A process that acts many times on the one task: `sign_together.py VERB ACCOUNT SHOWN SECONDS`.

All processes begin at the same time, SECONDS after the epoch, and print how often they were heard.
"""

import sys
import time

import django

django.setup()

from django.db import connection  # noqa: E402 - Django must be ready
from tests.integration.engine.tasks.conftest import HOUR, MONDAY, edition_of, order, task, tick  # noqa: E402

from toban.engine.orders import NotPossible  # noqa: E402
from toban.engine.tasks.orders import hand_on, sign_off  # noqa: E402

NINE, TIMES = MONDAY + HOUR / 2, 5


def main(verb: str, name: str, digest: str, start: float) -> None:
    edition = edition_of()
    given = order(edition, name, task())
    connection.ensure_connection()
    time.sleep(max(start - time.time(), 0))
    heard = 0
    for _ in range(TIMES):
        try:
            match verb:
                case "close":
                    tick(edition, NINE + 10 * HOUR)
                case "hand-on":
                    hand_on(given, "運用責任者", "同時に", now=NINE)
                case _:
                    is_performed = verb == "sign"
                    sign_off(given, "同時に", shown=digest, now=NINE, is_performed=is_performed)
                    heard += 1
        except NotPossible:
            continue
    sys.stdout.write(str(heard))


_, given_verb, given_name, given_digest, seconds = sys.argv
main(given_verb, given_name, given_digest, float(seconds))
