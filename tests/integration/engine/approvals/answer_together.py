"""A process that answers request 1 many times as one account: `answer_together.py VERB ACCOUNT SECONDS`.

All processes begin at the same time, SECONDS after the epoch, and print how often they were heard.
"""

import sys
import time
from datetime import datetime

import django

django.setup()

from django.db import connection  # noqa: E402 - Django must be ready
from tests.integration.engine.approvals.conftest import MONDAY, PAIR, edition_of, giver  # noqa: E402

from toban.engine.approvals.answers import Giver, break_glass, grant, refuse, review  # noqa: E402
from toban.engine.approvals.models import ApprovalRequest  # noqa: E402
from toban.engine.editions.edition import Edition  # noqa: E402
from toban.engine.orders import NotPossible  # noqa: E402

TIMES = 5


def reviewed(number: int, words: str, *, shown: str, by: Giver, edition: Edition, now: datetime) -> None:
    del shown
    review(number, words, by=by, edition=edition, now=now)


VERBS = {"grant": grant, "refuse": refuse, "break": break_glass, "review": reviewed}


def main(verb: str, name: str, start: float) -> None:
    edition, by = edition_of(bindings=PAIR), giver(name, has_proved=True)
    shown = ApprovalRequest.objects.get(pk=1).digest
    connection.ensure_connection()
    time.sleep(max(start - time.time(), 0))
    heard = 0
    for _ in range(TIMES):
        try:
            VERBS[verb](1, "同時に", shown=shown, by=by, edition=edition, now=MONDAY)
            heard += 1
        except NotPossible:
            continue
    sys.stdout.write(f"{heard}\n")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], float(sys.argv[3]))
