"""Several workers and people do something about the same incident at the same moment, with each database."""

import json
from pathlib import Path

import pytest
from tests.integration.together import at_once, run

pytestmark = pytest.mark.slow

PROGRAM = Path(__file__).with_name("together.py")
PREPARE = """
import sys, django; django.setup()
from tests.integration.chapters.incident.place import API, HOUR, WEB, Metric, Place
from toban.engine.people.models import Operator, OperatorRole
for name in ("nami", "ren"):
    Operator.objects.create_user(name, f"{name}@example.com", operator_role=OperatorRole.MANAGER)
place = Place()
place.fires(WEB, Metric.UP)
if "declared" in sys.argv:
    place.look()
if "two" in sys.argv:
    place.look()
    place.now -= 2 * HOUR
    place.fires(API, Metric.ERROR_RATE)
    place.look()
"""
REPORT = """
import json, django; django.setup()
from toban.chapters.incident.models import Incident, IncidentAlert
from toban.engine.evidence import ledger
from toban.engine.evidence.models import LedgerEntry
audits = [each.content["order"] for each in LedgerEntry.objects.filter(kind="audit").order_by("sequence")]
print(json.dumps([
    Incident.objects.filter(merged_into=None).count(),
    IncidentAlert.objects.filter(incident__merged_into=None).count(),
    [each for each in audits if each in ("incident-declared", "incident-taken", "incident-merged")],
    sorted(set(Incident.objects.values_list("commander", flat=True))),
    ledger.verify().broken is None,
]))
"""


def test_several_workers_declare_one_incident(database: dict[str, str]) -> None:
    run(database, PREPARE)

    at_once(database, PROGRAM, ("look", "nami"), ("look", "nami"), ("look", "nami"))

    assert json.loads(run(database, REPORT)) == [1, 1, ["incident-declared"], [""], True]


def test_users_who_report_the_same_at_once_report_one_incident(database: dict[str, str]) -> None:
    run(database, PREPARE)

    heard = at_once(database, PROGRAM, ("report", "nami"), ("report", "ren"), ("report", "nami"))

    assert heard == [5, 5, 5]
    assert json.loads(run(database, REPORT)) == [1, 0, ["incident-declared"], [""], True]


def test_one_of_two_who_answer_at_once_leads(database: dict[str, str]) -> None:
    run(database, PREPARE, "declared")

    heard = at_once(database, PROGRAM, ("take", "nami"), ("take", "ren"), ("look", "nami"))

    incidents, alerts, audits, (who,), is_whole = json.loads(run(database, REPORT))
    assert sorted(heard[:2]) == [0, 1]
    assert (incidents, alerts, is_whole) == (1, 1, True)
    assert audits == ["incident-declared", "incident-taken"]
    assert who == ("nami" if heard[0] else "ren")


def test_two_who_merge_two_incidents_into_each_other_leave_one(database: dict[str, str]) -> None:
    run(database, PREPARE, "two")

    heard = at_once(database, PROGRAM, ("merge", "nami"), ("merge", "ren"))

    incidents, alerts, audits, _, is_whole = json.loads(run(database, REPORT))
    assert sorted(heard) == [0, 1]
    assert (incidents, alerts, is_whole) == (1, 2, True)
    assert audits.count("incident-merged") == 1
