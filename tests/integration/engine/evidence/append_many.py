"""One of several writers: appends evidence and shows a status again and again."""

import os
import sys
from datetime import UTC, datetime

import django

django.setup()

from django.db import transaction  # noqa: E402

from toban.engine.evidence.ledger import Record, append  # noqa: E402
from toban.engine.evidence.models import LedgerEntry  # noqa: E402
from toban.engine.evidence.status import StatusUpdate, show  # noqa: E402
from toban.engine.evidence.verdict import Verdict  # noqa: E402
from toban.message import NOTHING, plain  # noqa: E402

for number in range(int(sys.argv[1])):
    now = datetime.now(UTC)
    with transaction.atomic():
        append(Record(LedgerEntry.Kind.AUDIT, {"number": number}, actor=str(os.getpid())), now=now)
        value = plain(f"{os.getpid()} {number}")
        show([StatusUpdate("shared", Verdict.CONFORMING, value, NOTHING, now)], now, "")
