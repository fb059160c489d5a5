"""A process that decides about root2 many times: `decide_together.py VERB ACCOUNT FOLDER DIGEST SECONDS`.

All processes begin at the same time, SECONDS after the epoch, and print how often they were heard.
"""

import sys
import time
from pathlib import Path

import django

django.setup()

from django.db import connection  # noqa: E402 - Django must be ready
from tests.integration.chapters.accounts.place import DOCUMENT, MONDAY  # noqa: E402
from tests.registered import PARTS  # noqa: E402

from toban.chapters.accounts import leaving  # noqa: E402
from toban.chapters.accounts.leaving import Teller  # noqa: E402
from toban.chapters.accounts.models import Leaver  # noqa: E402
from toban.chapters.accounts.operation import OPERATION  # noqa: E402
from toban.design.reader import read_design  # noqa: E402
from toban.engine.bindings.load import load_bindings  # noqa: E402
from toban.engine.editions.edition import Edition  # noqa: E402
from toban.engine.orders import NotPossible  # noqa: E402
from toban.engine.people.models import Operator  # noqa: E402

TIMES = 5


def main(verb: str, name: str, folder: str, shown: str, start: float) -> None:
    bound = load_bindings(Path(folder) / "toban.toml", PARTS.schema)
    edition = Edition(read_design(DOCUMENT, "運用設計書.md"), bound, PARTS.kinds)
    by = Teller(name, Leaver.ToldBy.PAGE, Operator.objects.get(username=name))
    plan = edition.plan(OPERATION)
    connection.ensure_connection()
    time.sleep(max(start - time.time(), 0))
    heard = 0
    for _ in range(TIMES):
        try:
            leaving.decide(
                "vpn", "root2", "同時に", shown=shown, is_kept=verb == "keep", by=by, edition=edition,
                plan=plan, now=MONDAY,
            )  # fmt: skip
            heard += 1
        except NotPossible:
            continue
    sys.stdout.write(f"{heard}\n")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4], float(sys.argv[5]))
