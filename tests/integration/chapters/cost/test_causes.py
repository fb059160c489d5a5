"""What suddenly costs more is told with what changed then, and every yen has a tag or is その他."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from tests.integration.chapters.cost.place import BINDINGS, DAY, EC2, RDS, TOTAL, Place, row

from toban.chapters.cost.overview import overview
from toban.engine.evidence import ledger
from toban.engine.evidence.models import LedgerEntry
from toban.engine.evidence.verdict import Verdict
from toban.faces.values.cost.month import overview_values

FIRST, NOV_19, TUESDAY = date(2026, 9, 1), date(2026, 11, 19), date(2026, 11, 10)
EC2_NAME, RDS_NAME = "Amazon Elastic Compute Cloud", "Amazon Relational Database Service"
NOON = datetime(2026, 11, 10, 3, tzinfo=UTC)


def charged(place: Place, step: int = 2280) -> None:
    days = [FIRST + n * DAY for n in range((NOV_19 - FIRST).days + 1)]
    place.bill(
        [row(on, EC2_NAME, str(4000 + step * (on >= TUESDAY))) for on in days]
        + [row(on, RDS_NAME, "2000") for on in days]
        + [row(on, "Amazon Simple Storage Service", "500") for on in days]
    )


def scaled(at: datetime) -> None:
    content = {"event": "group-scaled", "group": "Webサーバー", "before": 2, "after": 3, "run": 7}
    entry = ledger.Record(LedgerEntry.Kind.AUDIT, content, actor="nami")
    ledger.append(entry, now=at)


def test_a_jump_is_told_on_its_row_with_the_change_of_its_day(place: Place) -> None:
    scaled(NOON)
    charged(place)
    place.pass_()

    assert place.verdict(EC2) is Verdict.CONFORMING, place.said(EC2)
    assert f"{EC2_NAME} は 2026-11-10 から一日 +¥2,280（+57%）" in place.said(EC2)
    assert "Webサーバー" in place.said(EC2)
    assert EC2_NAME in place.said(TOTAL)
    assert RDS_NAME not in place.said(RDS)


def test_of_many_changes_the_newest_is_told_and_the_others_are_counted(place: Place) -> None:
    for minute in range(6):
        scaled(NOON + timedelta(minutes=minute))
    charged(place)
    place.pass_()

    assert "ほかに5件" in place.said(EC2)


def test_a_change_of_another_day_explains_nothing(place: Place) -> None:
    scaled(NOON - 2 * DAY)
    charged(place)
    place.pass_()

    assert "その頃の変更は台帳にありません" in place.said(EC2)


def test_what_goes_on_as_it_did_is_not_told(place: Place) -> None:
    scaled(NOON)
    charged(place, step=0)
    place.pass_()

    assert "から一日" not in place.said(EC2)
    assert not overview(place.known()).jumps


def test_every_yen_has_a_tag_or_is_other(place: Place) -> None:
    place.take(BINDINGS + 'tag = "team"\n')
    days = [FIRST + n * DAY for n in range((NOV_19 - FIRST).days + 1)]
    tagged = [
        row(on, EC2_NAME, cost, Tags=f'{{"team": "{team}"}}')
        for on in days
        for team, cost in (("web", "100.25"), ("batch", "50"))
    ]
    place.bill(
        [
            *tagged,
            *(row(on, RDS_NAME, "70.5") for on in days),
            row(NOV_19, "Tax", "12.3", ChargeCategory="Tax"),
            row(NOV_19, EC2_NAME, "-5", ChargeCategory="Adjustment", Tags='{"team": "web"}'),
        ]
    )
    place.pass_()

    found = overview(place.known())

    assert {each.tag: each.amount for each in found.tags} == {
        "web": Decimal("1899.75"),
        "batch": Decimal(950),
        "": Decimal("1351.8"),
    }
    assert found.tags[-1].tag == ""
    assert sum(each.amount for each in found.tags) == found.whole
    assert sum(each.amount for each in found.services) == found.whole
    values = overview_values(found, place.known())
    assert values["tags"] == [
        {"tag": "web", "amount": "1899.75"},
        {"tag": "batch", "amount": "950"},
        {"tag": "", "amount": "1351.8"},
    ]


def test_without_a_tag_there_is_no_such_list(place: Place) -> None:
    charged(place)
    place.pass_()

    assert overview(place.known()).tags == []
