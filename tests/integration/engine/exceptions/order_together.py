"""A process that gives one order about exceptions many times: `order_together.py VERB ACCOUNT SECONDS`.

All processes begin at the same time, SECONDS after the epoch, and print how often they were heard.
"""

import sys
import time

import django

django.setup()

from django.db import connection  # noqa: E402 - Django must be ready
from tests.integration.engine.exceptions.conftest import (  # noqa: E402
    NOON,
    account,
    answer,
    asked,
    edition_of,
)

from toban.engine.exceptions import service  # noqa: E402
from toban.engine.exceptions.models import RowException  # noqa: E402
from toban.engine.orders import NotPossible  # noqa: E402

TIMES = 5


def main(verb: str, name: str, start: float) -> None:
    edition = edition_of()
    found = RowException.objects.filter(pk=1).first()
    given = answer(found, name) if found is not None else None
    connection.ensure_connection()
    time.sleep(max(start - time.time(), 0))
    heard = 0
    for _ in range(TIMES):
        try:
            match verb:
                case "request":
                    asked(edition, name)
                case "approve" if given is not None:
                    service.approve(given, edition, NOON)
                case "end":
                    service.end(1, by=account(name), edition=edition, now=NOON)
            heard += 1
        except NotPossible:
            continue
    sys.stdout.write(f"{heard}\n")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], float(sys.argv[3]))
