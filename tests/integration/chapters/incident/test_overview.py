"""Chapter 7 on the first screen: what is open, and how fast the last incidents were over."""

from tests.integration.chapters.incident.place import DAY, DB, DOCUMENT, MINUTE, SECOND, Place

from toban.chapters.incident.models import Incident
from toban.chapters.incident.operation import OPERATION
from toban.design.values.metric import Metric
from toban.engine.overview import EditionStatus, OverviewFigure


def figure(place: Place) -> OverviewFigure:
    (found,) = OPERATION.figures(place.edition, EditionStatus(place.now, {}))
    return found


def test_without_incidents_it_says_that_none_is_open(place: Place) -> None:
    found = figure(place)

    assert str(found.value) == "なし"
    assert found.link.page == "incidents"


def test_an_open_incident_is_counted_and_what_is_over_says_how_long_it_took(place: Place) -> None:
    place.outage(over=20 * MINUTE)
    place.pass_(DAY).outage(over=40 * MINUTE)
    place.fires(DB, Metric.UP)
    place.pass_(SECOND).look()

    found = figure(place)

    open_ = Incident.objects.filter(closed_at=None).count()
    assert str(found.value) == f"{open_}件 · 30分"
    assert str(found.link.label) == "障害 · MTTR (30日)"
    assert open_ == 3


def test_what_is_closed_is_open_no_more_and_counts_until_it_is_older_than_the_period(place: Place) -> None:
    place.close(place.outage(over=20 * MINUTE))

    assert str(figure(place).value) == "なし · 20分"
    place.pass_(30 * DAY)
    assert str(figure(place).value) == "なし"


def test_a_drill_is_neither_open_nor_in_the_time(place: Place) -> None:
    made = place.outage()
    Incident.objects.filter(pk=made.pk).update(is_drill=True)

    assert str(figure(place).value) == "なし"


def test_the_time_to_recovery_is_in_whole_minutes_unless_it_is_shorter(place: Place) -> None:
    place.outage(over=20 * MINUTE + 40 * SECOND)
    assert str(figure(place).value) == "1件 · 21分"

    Incident.objects.update(recovered_at=Incident.objects.get().detected_at + 40 * SECOND)
    assert str(figure(place).value) == "1件 · 40秒"


def test_a_document_that_says_nothing_of_incidents_shows_no_figure(place: Place) -> None:
    place.take(document=DOCUMENT.split("## 7. ", maxsplit=1)[0])

    assert list(OPERATION.figures(place.edition, EditionStatus(place.now, {}))) == []
