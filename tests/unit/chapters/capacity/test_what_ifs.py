"""What people ask of a forecast, as they write it."""

from datetime import date

import pytest
from tests.unit.chapters.capacity.known_resources import DB, GB, TODAY, WEB, growing, known

from toban.chapters.capacity.known import KnownResource
from toban.chapters.capacity.what_ifs import WhatIf, imagined
from toban.engine.orders import NotPossible
from toban.message import Message


@pytest.fixture
def storage() -> KnownResource:
    return known(DB, 200 * GB, forecast=growing(200 * GB, GB))


def test_nothing_asked_is_nothing() -> None:
    assert not WhatIf(on="2026-12-01")
    assert WhatIf(load="5%")


def test_an_amount_comes_on_top_from_its_day_on(storage: KnownResource) -> None:
    found = imagined(storage, WhatIf(add="0.1TB", on="2026-12-08"), TODAY)

    assert found.values[9] == 210 * GB
    assert found.values[10] == (211 + 100) * GB


@pytest.mark.parametrize(("load", "factor"), [("20%", 1.2), ("20", 1.2), ("-50%", 0.5), ("２０％", 1.2)])
def test_all_is_higher_by_a_share_from_today_on(storage: KnownResource, load: str, factor: float) -> None:
    found = imagined(storage, WhatIf(load=load), TODAY)

    assert found.values[0] == pytest.approx(201 * GB * factor)


def test_it_grows_faster_by_a_share(storage: KnownResource) -> None:
    found = imagined(storage, WhatIf(growth="100%"), TODAY)

    assert found.values[10] - found.values[0] == pytest.approx(20 * GB)


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        (WhatIf(add="2台"), "capacity.not-an-amount-of"),
        (WhatIf(add="10%"), "capacity.not-an-amount-of"),
        (WhatIf(load="much"), "capacity.not-a-share"),
        (WhatIf(growth="-101%"), "capacity.not-a-share"),
        (WhatIf(load="1001%"), "capacity.not-a-share"),
        (WhatIf(add="1GB", on="tomorrow"), "capacity.not-a-day"),
    ],
)
def test_what_can_not_be_read_says_so_with_a_way_out(
    storage: KnownResource, asked: WhatIf, code: str
) -> None:
    with pytest.raises(NotPossible) as refused:
        imagined(storage, asked, TODAY)

    assert refused.value.said.code == code
    assert refused.value.hint


def test_without_a_forecast_there_is_nothing_to_change() -> None:
    with pytest.raises(NotPossible) as refused:
        imagined(known(WEB, 2), WhatIf(add="1"), date(2026, 11, 28))

    assert refused.value.said.code == "capacity.no-forecast-of"
    assert refused.value.said.values["why"] == Message("capacity.no-forecast-made")


def test_what_can_not_be_read_is_said_before_a_forecast_is_missed() -> None:
    with pytest.raises(NotPossible) as refused:
        imagined(known(WEB, 2), WhatIf(add="1GB"), TODAY)

    assert refused.value.said.code == "capacity.not-an-amount-of"
