"""How often a changed rule would have scaled, by the replay that people can order."""

from typing import Any

import pytest
from tests.integration.chapters.capacity.conftest import place
from tests.integration.chapters.capacity.place import DAY, DOCUMENT, MINUTE, WEB, Place
from tests.registered import PARTS

from toban.design.values.metric import Metric
from toban.engine.hindsight.asking import PlanHindsight, plan_hindsight
from toban.engine.telemetry.samples import Sample

pytestmark = pytest.mark.django_db
__all__ = ["place"]


def busy(place: Place, percent: float) -> None:
    """Have the web servers been at *percent* for an hour, a day ago, else at 20%."""
    end = place.now.replace(second=0, microsecond=0)
    for instance in ("web-1", "web-2"):
        place.add(
            [
                Sample(
                    Metric.CPU_USAGE, WEB, instance, end - n * MINUTE, percent if 1440 <= n < 1500 else 20.0
                )
                for n in range(2 * 1440)
            ]
        )


def looked_back(place: Place, old: str, new: str) -> PlanHindsight:
    before, after = (place.take(document=each).edition for each in (old, new))
    return plan_hindsight(
        before, after, 7, place.now + DAY / 24, telemetry=place.telemetry, ports=PARTS.ports, seconds=60
    )


def scaled(found: PlanHindsight) -> dict[Any, tuple[object, object]]:
    answers = [each for row in found.rows for each in row.found if each.about == "scaled"]
    return {each.values["group"]: (each.values["old"], each.values["new"]) for each in answers}


def test_a_lower_trigger_says_how_often_the_group_would_have_grown(place: Place) -> None:
    busy(place, 65.0)
    added = looked_back(place, DOCUMENT.replace("CPU使用率70%", "CPU使用率90%"), DOCUMENT)
    lower = looked_back(place, DOCUMENT, DOCUMENT.replace("CPU使用率70%", "CPU使用率60%"))

    assert [each for each in scaled(added).values() if any(each)] == []
    assert any(new for _, new in scaled(lower).values())


def test_the_day_from_which_on_it_is_known_is_one_of_the_document(place: Place) -> None:
    busy(place, 65.0)
    # Three in the morning, where the day before goes on in UTC.
    place.add([Sample(Metric.CPU_USAGE, WEB, "web-1", place.now.replace(hour=3) - 3 * DAY, 20.0)])

    found = looked_back(place, DOCUMENT, DOCUMENT.replace("CPU使用率70%", "CPU使用率60%"))

    said = {
        line.values["since"] for row in found.rows for line in row.said if line.code == "hindsight.scaled"
    }
    assert said == {(place.now - 3 * DAY).date()}


def test_without_samples_the_past_of_a_group_is_unknown(place: Place) -> None:
    found = looked_back(place, DOCUMENT, DOCUMENT.replace("CPU使用率70%", "CPU使用率60%"))

    values: list[dict[str, Any]] = [dict(each.values) for row in found.rows for each in row.found]
    codes = {each["unknown"]["code"] for each in values if "unknown" in each}
    assert codes == {"capacity.nothing-to-replay"}
