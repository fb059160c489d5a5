"""Events in the state database: stored once, grouped, counted, limited; orders of people and the worker."""

from datetime import timedelta
from pathlib import Path

import pytest
from tests.integration.chapters.errors.reported import DOCUMENT, NOW, event, take
from tests.integration.faces.web.firing import CONTACTS
from tests.registered import PARTS, schema

from toban.chapters.errors import kept, orders, rules, service
from toban.chapters.errors.bindings import doubts
from toban.chapters.errors.intake import intake
from toban.chapters.errors.intake.intake import EventReceipt
from toban.chapters.errors.kept import ErrorSearch, by_hours, event_of, weekly
from toban.chapters.errors.models import ErrorGroup, ErrorHour, ErrorProject, SeenEvent, StoredEvent
from toban.chapters.errors.reviewing.review import ErrorTrend, week_of
from toban.chapters.errors.rules import ErrorState
from toban.chapters.errors.searching.search import read_search
from toban.design.reader import read_design
from toban.engine.bindings.load import read_bindings
from toban.engine.bindings.model import Bindings
from toban.engine.evidence.models import ClauseStatus, LedgerEntry
from toban.engine.notify.deciding.pipeline import announce
from toban.engine.notify.models import Alert, Delivery
from toban.engine.orders import NotPossible

pytestmark = pytest.mark.django_db

DESIGN = read_design(DOCUMENT, "運用設計書.md")
TRACKING = "monitoring/tool-choice/例外の収集"
REVIEW = "routine/routine/エラーログ分析"


def bindings(text: str = '[errors.shop]\nproject = 1\nkey = "env:KEY"') -> Bindings:
    return read_bindings(text, Path("toban.toml"), schema())


def test_the_same_error_is_one_group_with_its_count_users_and_releases() -> None:
    take(event(release="1.0.0", user={"id": "u1"}))
    take(event(release="1.0.0", user={"id": "u1"}, at=NOW + timedelta(minutes=5)))
    group = take(event(release="1.1.0", user={"id": "u2"}, at=NOW + timedelta(hours=2)))

    assert (group.count, group.users) == (3, 2)
    assert (group.first_seen, group.last_seen) == (NOW, NOW + timedelta(hours=2))
    assert (group.first_release, group.last_release) == ("1.0.0", "1.1.0")
    assert list(ErrorHour.objects.order_by("hour").values_list("count", flat=True)) == [2, 1]
    assert ErrorGroup.objects.count() == 1


def test_an_error_from_before_lines_of_source_counted_goes_on_and_is_not_new() -> None:
    before = take(event())
    frame = {"module": "shop.cart", "function": "of_KeyError", "in_app": True, "context_line": "prices[sku]"}
    exception = [{"type": "KeyError", "value": "'sku'", "stacktrace": {"frames": [frame]}}]
    other = [{**exception[0], "stacktrace": {"frames": [{**frame, "context_line": "rates[zone]"}]}}]

    first, second = take(event(exception=exception)), take(event(exception=other))
    again = take(event(exception=exception))

    assert (first.pk, again.pk, again.count) == (before.pk, before.pk, 3)
    assert (second.pk == before.pk, second.count) == (False, 1)


def test_an_event_sent_again_is_stored_once() -> None:
    twice = event(event_id="a" * 32)

    outcomes = [intake.take("shop", twice, NOW)[0], intake.take("shop", twice, NOW)[0]]
    moved = intake.take("shop", event("Other", event_id="a" * 32), NOW)[0]

    assert outcomes == [EventReceipt.STORED, EventReceipt.REPEATED]
    assert moved is EventReceipt.REPEATED
    assert ErrorGroup.objects.get().count == 1
    assert intake.take("pay", twice, NOW)[0] is EventReceipt.STORED


def test_the_newest_events_stay_and_the_first_of_each_release() -> None:
    first = take(event(release="1.0.0", event_id="1" * 32))
    for number in range(intake.NEWEST + 30):
        take(event(release="1.1.0" if number > 40 else "1.0.0", at=NOW + timedelta(seconds=number + 1)))

    stored = StoredEvent.objects.filter(group=first).order_by("pk")
    assert stored.count() == intake.NEWEST + 2
    assert [each.release for each in stored if each.is_sample] == ["1.0.0", "1.1.0"]
    assert ErrorGroup.objects.get().count == intake.NEWEST + 31
    assert stored.first() == StoredEvent.objects.get(event_id="1" * 32)


def test_a_stored_event_is_read_back_complete() -> None:
    take(event(tags={"region": "tokyo"}, breadcrumbs=[{"message": "clicked", "category": "ui"}]))

    found = event_of(StoredEvent.objects.get())

    assert found["tags"] == {"region": "tokyo"}
    assert found["raised"][0]["frames"][0]["function"] == "of_KeyError"  # type: ignore[index]
    assert found["crumbs"][0]["message"] == "clicked"  # type: ignore[index]


def test_a_new_error_is_announced_once_at_its_level_and_cites_the_row() -> None:
    group = take(event(level="fatal"))
    take(event("TypeError", level="warning"))

    assert service.tell(DESIGN, bindings(), NOW) == 2
    take(event(at=NOW + timedelta(seconds=1)))
    assert service.tell(DESIGN, bindings(), NOW + timedelta(seconds=2)) == 0

    alerts = Alert.objects.order_by("pk")
    assert [(each.clause_id, each.condition, each.is_event) for each in alerts] == [
        (TRACKING, "critical", True),
        (TRACKING, "warning", True),
    ]
    assert str(alerts[0].subject) == "shop KeyError: 'sku'"
    assert alerts[0].labels["error"] == str(group.pk)


def test_an_error_belongs_to_the_target_that_its_application_is_a_part_of() -> None:
    take(event())
    api = """
[targets.API]
runs_on = "DB"
sources = [{ kind = "http", url = "http://127.0.0.1:9/" }]
[errors.shop]
key = "env:KEY"
target = """

    def read(target: str) -> Bindings:
        return read_bindings(f'{api}"{target}"', Path("toban.toml"), PARTS.schema)

    service.tell(DESIGN, read("API"), NOW)

    assert Alert.objects.get().labels["target"] == "API"
    (doubt,) = doubts(DESIGN, read("APl"))
    assert (doubt.code, doubt.quote) == ("BD009", 'target = "APl"')
    assert list(doubts(DESIGN, read("API"))) == []


def test_a_resolved_error_that_comes_back_is_announced_as_a_regression() -> None:
    group = take(event())
    service.tell(DESIGN, bindings(), NOW)
    orders.resolve(group.pk, by="mira", now=NOW + timedelta(hours=1))

    late = take(event(at=NOW + timedelta(minutes=30)), NOW + timedelta(hours=2))
    assert (late.state, late.untold) == (ErrorState.RESOLVED, "")
    back = take(event(at=NOW + timedelta(hours=3)))

    assert (back.state, back.regressions, back.untold) == (ErrorState.OPEN, 1, "regressed")
    assert service.tell(DESIGN, bindings(), NOW + timedelta(hours=3)) == 1
    assert "再発" in str(Alert.objects.latest("pk").value)


def test_an_error_resolved_in_a_release_is_expected_from_older_releases() -> None:
    group = take(event(release="shop@1.0.0"))
    orders.resolve(group.pk, in_release="shop@1.2.0", by="mira", now=NOW)

    still = take(event(release="shop@1.1.0", at=NOW + timedelta(days=1)))
    assert still.state == ErrorState.RESOLVED
    back = take(event(release="shop@1.2.0", at=NOW + timedelta(days=2)))

    assert (back.state, back.untold) == (ErrorState.OPEN, "regressed")


def test_an_ignored_error_is_counted_and_not_announced() -> None:
    group = take(event())
    orders.ignore(group.pk, by="mira", now=NOW)

    again = take(event(at=NOW + timedelta(hours=1)))

    assert (again.state, again.count) == (ErrorState.IGNORED, 2)
    assert service.tell(DESIGN, bindings(), NOW + timedelta(hours=1)) == 0


def test_a_storm_of_new_errors_sends_few_notices() -> None:
    for number in range(60):
        take(event(f"Kind{number}", level="fatal"))

    service.tell(DESIGN, bindings(), NOW)
    announce(DESIGN, CONTACTS, NOW)

    assert Alert.objects.count() == 60
    assert 0 < Delivery.objects.count() <= 3


def test_too_many_new_kinds_of_error_are_collected_in_one_error() -> None:
    for number in range(rules.MOST_NEW + 5):
        group = take(event(f"Kind{number}"))
    known = take(event("Kind0"))
    later = take(event("Later", at=NOW + timedelta(hours=2)))

    assert (group.count, "種類を越えた" in str(group.subject)) == (5, True)
    assert (known.title, known.count) == ("Kind0: 'sku'", 2)
    assert later.title == "Later: 'sku'"
    assert ErrorGroup.objects.count() == rules.MOST_NEW + 2


def test_orders_are_audited_and_senseless_ones_are_refused() -> None:
    group = take(event())

    orders.assign(group.pk, "kai", by="mira", now=NOW)
    orders.resolve(group.pk, by="mira", now=NOW)
    with pytest.raises(NotPossible):
        orders.resolve(group.pk, by="mira", now=NOW)
    with pytest.raises(NotPossible):
        orders.assign(group.pk, " kai ", by="mira", now=NOW)
    with pytest.raises(NotPossible):
        orders.ignore(999, by="mira", now=NOW)
    orders.reopen(group.pk, by="mira", now=NOW)
    with pytest.raises(NotPossible):
        orders.reopen(group.pk, by="mira", now=NOW)

    audited = LedgerEntry.objects.filter(kind=LedgerEntry.Kind.AUDIT).order_by("sequence")
    assert [(each.actor, each.content["order"]) for each in audited] == [
        ("mira", "assign-error"),
        ("mira", "resolve-error"),
        ("mira", "reopen-error"),
    ]


def test_an_application_that_is_never_heard_from_is_doubted_after_a_week() -> None:
    service.show(DESIGN, bindings(), NOW)
    assert "まだ何も届いていません" in str(ClauseStatus.objects.get(clause_id=TRACKING).reason)

    service.show(DESIGN, bindings(), NOW + timedelta(days=7))
    assert shown(TRACKING) == "not-due"
    for minutes in (1, 2):
        service.show(DESIGN, bindings(), NOW + timedelta(days=7, minutes=minutes))
        assert shown(TRACKING) == "not-measurable"


def test_the_verdict_of_the_row_says_whether_errors_would_arrive() -> None:
    service.show(DESIGN, bindings(""), NOW)
    assert shown(TRACKING) == "unbound"

    service.show(DESIGN, bindings(), NOW)
    assert shown(TRACKING) == "not-due"

    intake.heard("shop", NOW)
    service.show(DESIGN, bindings(), NOW)
    assert (shown(TRACKING), str(ClauseStatus.objects.get(clause_id=TRACKING).value)) == (
        "conforming",
        "イベントなし",
    )

    take(event())
    service.show(DESIGN, bindings(), NOW)
    value = ClauseStatus.objects.get(clause_id=TRACKING).value
    assert str(value) == "最後のイベント 2026-11-26 12:00"
    assert value.in_language("en") == "last event 2026-11-26 12:00"

    service.show(DESIGN, bindings(), NOW + timedelta(days=8))
    assert shown(TRACKING) == "not-measurable"


def shown(clause_id: str) -> str:
    return ClauseStatus.objects.get(clause_id=clause_id).verdict


def test_events_older_than_the_documents_error_log_are_deleted() -> None:
    old, ignored = take(event()), take(event("Ignored"))
    orders.ignore(ignored.pk, by="mira", now=NOW)
    new = take(event("TypeError", at=NOW + timedelta(days=20)))

    later = NOW + timedelta(days=31)
    assert service.forget(DESIGN, bindings(), later, is_held=True, agreed=timedelta()) == {}
    assert ErrorGroup.objects.filter(pk=old.pk).exists()
    service.forget(DESIGN, bindings(), later, is_held=False, agreed=timedelta(days=30))

    assert set(ErrorGroup.objects.values_list("pk", flat=True)) == {ignored.pk, new.pk}
    assert list(StoredEvent.objects.values_list("group", flat=True)) == [new.pk]
    assert not SeenEvent.objects.exists()


@pytest.mark.parametrize("agreed", [timedelta(days=180), None])
def test_events_are_kept_until_a_shorter_retention_is_agreed(agreed: timedelta | None) -> None:
    old = take(event())

    service.forget(DESIGN, bindings(), NOW + timedelta(days=31), is_held=False, agreed=agreed)

    assert ErrorGroup.objects.filter(pk=old.pk).exists()
    assert StoredEvent.objects.exists()


def test_errors_are_found_by_state_words_and_project() -> None:
    one, other = take(event("KeyError")), take(event("TypeError", at=NOW + timedelta(hours=1)))
    orders.resolve(one.pk, by="mira", now=NOW)

    assert list(kept.found(ErrorSearch())) == [other, one]
    assert list(kept.found(ErrorSearch(state="resolved"))) == [one]
    assert list(kept.found(ErrorSearch(terms=read_search("typeerr")))) == [other]
    assert list(kept.found(ErrorSearch(terms=read_search("OF_TYPEERROR")))) == [other]
    assert list(kept.found(ErrorSearch(project="pay"))) == []
    traced = take(event("Traced", contexts={"trace": {"trace_id": "c" * 32}}, event_id="d" * 32))
    assert list(kept.found(ErrorSearch(terms=read_search("c" * 32)))) == [traced]
    assert list(kept.found(ErrorSearch(terms=read_search("d" * 32)))) == [traced]
    traced.delete()
    assert list(kept.found(ErrorSearch(state="new", fresh=NOW + timedelta(minutes=1)))) == [other]
    assert list(kept.found(ErrorSearch(state="regressed"))) == []


def test_the_trend_counts_events_per_time_step() -> None:
    group = take(event())
    take(event(at=NOW + timedelta(hours=5)))

    counts = by_hours([group.pk], NOW - timedelta(hours=2), NOW + timedelta(hours=6), timedelta(hours=4))

    assert counts == {group.pk: [1, 1]}


def test_a_weeks_review_leaves_ignored_errors_out() -> None:
    week = week_of(NOW.date(), bindings().system.zone)
    gone = take(event("Gone", at=NOW - timedelta(days=7)))
    for number in range(5):
        take(event("New", at=NOW + timedelta(minutes=number)))
    orders.ignore(take(event("Ignored")).pk, by="mira", now=NOW)

    found = [(group.title, each.trend, each.count) for group, each in weekly(week)]

    assert found == [("New: 'sku'", ErrorTrend.NEW, 5), (gone.title, ErrorTrend.GONE, 0)]


def test_the_last_contact_of_an_application_is_not_written_for_every_envelope() -> None:
    intake.heard("shop", NOW)
    intake.heard("shop", NOW + timedelta(seconds=1))
    assert ErrorProject.objects.get().heard_at == NOW

    intake.heard("shop", NOW + timedelta(seconds=11))
    assert ErrorProject.objects.get().heard_at == NOW + timedelta(seconds=11)
