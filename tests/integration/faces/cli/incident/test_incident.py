"""`toban incident`: what is listed and shown, what people order, and the exit statuses."""

import json
from datetime import timedelta

import pytest
from click.testing import CliRunner, Result
from tests.integration.chapters.incident.place import API, WEB, Place
from tests.registered import PARTS

from toban.chapters.incident.models import Incident
from toban.design.values.metric import Metric
from toban.engine.clock import system_clock
from toban.engine.people.models import Operator, OperatorRole
from toban.faces.cli.incident import incident

pytestmark = pytest.mark.django_db


def toban(*arguments: str, answer: str = "") -> Result:
    return CliRunner().invoke(incident.command, arguments, obj=PARTS, input=answer)


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Place:
    for name in ("nami", "ren"):
        Operator.objects.create_user(name, operator_role=OperatorRole.MANAGER)
    made = Place(now=system_clock() - timedelta(minutes=10))
    monkeypatch.setattr(incident, "edition_of", lambda _parts: made.edition)
    return made


def down(place: Place) -> int:
    """Have the web servers been down for ten minutes; return the incident's number."""
    place.fires(WEB, Metric.UP)
    place.look()
    return place.incident().pk


def test_what_is_open_is_listed_with_both_clocks(place: Place) -> None:
    number = down(place)

    (told,) = json.loads(toban("list", "--format", "json").output)
    words = toban("list").output

    assert (told["incident"], told["level"], told["targets"]) == (number, "Critical", [WEB])
    assert (told["response"]["state"], told["recovery"]["state"]) == ("overdue", "running")
    assert told["response"]["seconds"] == pytest.approx(600, abs=60)
    assert "■ 未対応 約10分" in words
    assert "○ 未復旧 約10分" in words


def test_without_an_incident_that_is_said(place: Place) -> None:
    assert place.plan.levels

    assert toban("list").output == "終了していない障害はない。\n"
    assert json.loads(toban("list", "--format", "json").output) == []


def test_one_is_shown_with_its_alerts_and_the_steps_of_the_flow(place: Place) -> None:
    number = down(place)

    shown = toban("show", str(number)).output
    told = json.loads(toban("show", str(number), "--format", "json").output)

    assert "Webサーバー 死活" in shown
    assert "2. 一次切り分け (ログ確認、状況把握): —" in shown
    assert [each["clause"] for each in told["alerts"]] == [place.monitor(WEB, Metric.UP).id]
    assert len(told["steps"]) == 8


def test_an_unknown_one_is_refused_with_a_way_out(place: Place) -> None:
    assert place.plan.levels

    result = toban("show", "99")

    assert result.exit_code == 1
    assert "99" in result.stderr
    assert "toban incident list" in result.stderr


def test_one_is_declared_only_when_it_is_confirmed(place: Place) -> None:
    assert place.plan.levels
    wanted = ("declare", "注文できない", "--level", "High", "--target", API, "--as", "nami")

    refused = toban(*wanted, answer="n\n")
    assert (refused.exit_code, Incident.objects.count()) == (1, 0)
    done = toban(*wanted, "--reported", "--yes")

    made = Incident.objects.get()
    assert done.exit_code == 0
    assert (made.level, made.targets, made.origin) == ("High", [API], Incident.Origin.REPORT)
    assert toban("declare", "x", "--level", "Huge", "--as", "nami", "--yes").exit_code == 1


def test_it_is_answered_signed_told_and_led(place: Place) -> None:
    number = str(down(place))

    assert toban("take", number, "--as", "nami").exit_code == 0
    assert toban("take", number, "--as", "ren").exit_code == 1
    assert toban("level", number, "High", "--as", "ren").exit_code == 1
    assert toban("level", number, "High", "--reason", "注文だけ", "--as", "ren").exit_code == 0
    assert toban("people", number, "--scribe", "ren", "--as", "nami").exit_code == 0
    assert toban("step", number, "2", "--note", "注文だけ", "--as", "ren").exit_code == 0
    assert toban("step", number, "2", "--note", "もう一度", "--as", "ren").exit_code == 1
    assert toban("update", number, "調べています", "--as", "nami").exit_code == 0
    assert toban("publish", number, "調べています", "--as", "nami").exit_code == 0

    found = Incident.objects.get()
    assert (found.commander, found.scribe, found.level) == ("nami", "ren", "High")
    assert found.responded_at is not None
    assert found.is_public
    assert toban("publish", number, "--hide", "--as", "nami").exit_code == 0
    assert not Incident.objects.get().is_public


def test_what_belongs_together_is_merged_and_what_does_not_is_split(place: Place) -> None:
    first = down(place)
    toban("declare", "注文できない", "--as", "nami", "--yes")
    second = Incident.objects.latest("pk").pk

    assert toban("merge", str(second), "--into", str(first), "--as", "nami", answer="n\n").exit_code == 1
    assert toban("merge", str(second), "--into", str(first), "--as", "nami", "--yes").exit_code == 0
    assert Incident.objects.get(pk=second).merged_into_id == first
    assert [each["incident"] for each in json.loads(toban("list", "--format", "json").output)] == [first]
    (alert,) = json.loads(toban("show", str(first), "--format", "json").output)["alerts"]
    assert toban("split", str(first), "--alert", str(alert["alert"]), "--as", "nami").exit_code == 1


def test_it_is_over_by_a_persons_word_only_where_nothing_measures_it(place: Place) -> None:
    measured = down(place)
    toban("declare", "注文できない", "--as", "nami", "--yes")
    reported = Incident.objects.latest("pk").pk

    assert toban("recovered", str(measured), "--as", "nami").exit_code == 1
    assert toban("recovered", str(reported), "--as", "nami").exit_code == 0
    assert Incident.objects.get(pk=reported).recovered_at is not None
    assert toban("recovered", str(reported), "--at", "yesterday", "--as", "nami").exit_code == 2


def test_it_is_not_closed_while_something_is_owed(place: Place) -> None:
    number = str(down(place))

    refused = toban("close", number, "--as", "nami", "--yes")

    assert refused.exit_code == 1
    assert Incident.objects.get().closed_at is None


def test_an_unknown_account_orders_nothing(place: Place) -> None:
    number = str(down(place))

    assert toban("take", number, "--as", "nobody-here").exit_code == 1
    assert Incident.objects.get().commander == ""
