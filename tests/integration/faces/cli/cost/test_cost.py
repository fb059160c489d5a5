"""`toban cost`: the month in text and as JSON."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.integration.chapters.cost.place import BINDINGS, Place, days, row
from tests.registered import PARTS

from toban.engine.clock import system_clock
from toban.faces.cli.cost import cost


@pytest.fixture
def place(tmp_path: Path, db: None, monkeypatch: pytest.MonkeyPatch) -> Place:
    found = Place(tmp_path, now=system_clock())
    monkeypatch.setattr(cost, "edition_of", lambda _parts: found.edition)
    return found


def toban(*arguments: str) -> Result:
    done = CliRunner().invoke(cost.command, arguments, obj=PARTS)
    assert done.exit_code == 0, done.output
    return done


def test_budgets_come_first_and_what_belongs_to_none_follows(place: Place) -> None:
    today = place.known().today
    place.bill(days(today - timedelta(days=70), today))
    place.pass_(timedelta(0))

    lines = toban().output.splitlines()

    assert [line.split()[1] for line in lines[:4]] == ["インフラコスト全体", "EC2", "RDS", "S3"]
    assert lines[4].startswith("その他（どの項目でもない分）  ¥")
    assert "Amazon Elastic Compute Cloud  項目: EC2" in lines[5]
    assert lines[-1].startswith(f"請求 cloud  最新の日 {today:%Y-%m-%d}  書き込み ")


def test_json_says_the_same_as_the_api(place: Place) -> None:
    place.pass_(timedelta(0))

    found = json.loads(toban("--format", "json").output)

    assert (found["currency"], found["whole"], found["services"]) == ("JPY", "0", [])
    assert {each["verdict"] for each in found["budgets"]} == {"not-measurable"}
    assert "に当たるファイルがありません" in found["bills"][0]["trouble"]["text"]


def test_tags_and_sudden_changes_are_told(place: Place) -> None:
    place.take(BINDINGS + 'tag = "team"\n')
    today = place.known().today
    spans = [today - timedelta(days=n) for n in range(90, -1, -1)]
    since = today - timedelta(days=5)
    place.bill(row(on, "EC2", "2000" if on >= since else "1000", Tags='{"team": "web"}') for on in spans)
    place.pass_(timedelta(0))

    shown = toban().output

    assert "タグ web: ¥" in shown
    assert f"△ EC2 は {since:%Y-%m-%d} から一日 +¥1,000（+100%）" in shown
    (jump,) = json.loads(toban("--format", "json").output)["jumps"]
    assert (jump["service"], jump["since"], jump["before"], jump["after"]) == (
        "EC2",
        f"{since}",
        "1000",
        "2000",
    )


def test_a_bucket_whose_rules_nobody_has_read_has_no_proposal(place: Place) -> None:
    assert json.loads(toban("--lifecycle").output) == {}


def test_without_a_bill_it_says_what_to_write(place: Place) -> None:
    place.take("")

    assert "[bills.名前]" in toban().output
