from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from toban.design.reader import Design
from toban.engine.notify.alerts import report
from toban.engine.notify.deciding.pipeline import announce
from toban.engine.notify.deciding.records import AT_LEAST_EVERY, AlertingSnapshot
from toban.engine.notify.deciding.snapshot import load
from toban.engine.notify.routing.contacts import Contacts
from toban.engine.notify.signal import Condition, Signal

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 4, 1, 12, tzinfo=ZoneInfo("Asia/Tokyo"))
SECOND = timedelta(seconds=1)


def test_open_alerts_are_not_read_again_while_none_is_due(
    signal: Callable[..., Signal], document: Design, contacts: Contacts
) -> None:
    report([signal(Condition.CRITICAL)], NOON)
    announce(document, contacts, NOON)

    between, due = (load(NOON + later, everything=False) for later in (SECOND, AT_LEAST_EVERY))

    assert between == AlertingSnapshot(NOON + SECOND, alerts=())
    assert [each.trouble for each in due.alerts] == list(due.troubles) != []
