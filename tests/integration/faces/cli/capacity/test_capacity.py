"""`toban capacity`: resources and forecasts, groups, replays, orders, patches; exit statuses."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from tests.integration.chapters.capacity.conftest import place
from tests.integration.chapters.capacity.place import BINDINGS, DAY, DOCUMENT, GB, MINUTE, WEB, Place
from tests.registered import PARTS

from toban.chapters.capacity import outlooks
from toban.chapters.capacity.usage import UsageAt
from toban.design.values.metric import Metric
from toban.engine.clock import system_clock
from toban.engine.evidence.models import LedgerEntry
from toban.engine.people.models import Operator
from toban.engine.runs.models import Run
from toban.engine.telemetry.samples import Sample
from toban.engine.telemetry.store import StoreUnavailable, Telemetry
from toban.faces.cli.capacity import capacity
from toban.faces.cli.shell import shell_user

pytestmark = pytest.mark.django_db
__all__ = ["place"]

DB = "DBストレージ"


def toban(*arguments: str, answer: str = "") -> Result:
    return CliRunner().invoke(capacity.command, arguments, obj=PARTS, input=answer)


@pytest.fixture
def began() -> datetime:
    return system_clock()


@pytest.fixture(autouse=True)
def kept(place: Place, monkeypatch: pytest.MonkeyPatch, store: Any) -> None:
    monkeypatch.setattr(capacity, "edition_of", lambda _parts: place.edition)
    monkeypatch.setattr(capacity, "telemetry", lambda: store.telemetry)


def grown(place: Place) -> None:
    """Measure a storage that has grown by 1 GB a day for 60 days, and forecast it."""
    noon = place.now.replace(hour=3, minute=0, second=0)
    gauge = place.gauges[DB]
    gauge.past = [UsageAt(noon - (60 - day) * DAY, (60 + day) * GB) for day in range(60)]
    place.measure()
    outlooks.look(place.plan, place.telemetry, place.now)


def busy(place: Place, *, days: int, hours: int) -> None:
    """Have the web servers been at 90% for so many *hours*, twice, *days* ago, else at 20%."""
    # The newest minute may not be whole yet.
    end = place.now.replace(second=0, microsecond=0) - 2 * MINUTE
    loads = [90.0 if number % (days * 12 * 60) < hours * 60 else 20.0 for number in range(days * 24 * 60)]
    place.add(
        [
            Sample(Metric.CPU_USAGE, WEB, instance, end - number * MINUTE, load)
            for number, load in enumerate(loads)
            for instance in ("web-1", "web-2")
        ]
    )


def test_resources_are_listed_the_most_urgent_first(place: Place) -> None:
    place.gauges["Webサーバー台数"].used = 8
    grown(place)

    told = json.loads(toban("--format", "json").output)

    assert [each["resource"] for each in told] == ["Webサーバー台数", DB]
    assert (told[0]["used"], told[0]["limit"], told[0]["days_left"]) == (8, 10, 0)
    assert told[1]["share"] == pytest.approx(0.24)
    assert 220 <= told[1]["days_left"] <= 240
    assert told[1]["document_used"] == 100 * GB
    assert told[1]["forecast"]["code"] == "capacity.reaches"


def test_the_list_says_in_words_what_is_used_and_what_the_document_says(place: Place) -> None:
    grown(place)

    result = toban()

    assert result.exit_code == 0
    assert "DBストレージ: 120 GB / 500 GB (24%)" in result.output
    assert "100GB / 500GB / 20%" in result.output


def test_what_was_never_measured_is_said_to_be_so() -> None:
    assert toban().output.count("まだ測れていない") == 2


def test_a_forecast_has_a_value_a_day_with_its_interval_method_and_error(place: Place) -> None:
    grown(place)

    told = json.loads(toban("forecast", DB, "--format", "json").output)

    assert len(told["days"]) == 365
    assert told["days"][0]["low"] <= told["days"][0]["value"] <= told["days"][0]["high"]
    assert told["method"] in ("week-on-week", "recent-trend", "trend")
    assert told["error"] < 0.02
    assert [each["share"] for each in told["levels"]] == [0.7, 1.0]
    assert told["levels"][0]["on"] is not None
    assert told["imagined"] is False


def test_what_if_so_much_came_on_top(place: Place) -> None:
    grown(place)
    on = f"{place.now:%Y-%m-%d}"

    plain = json.loads(toban("forecast", DB, "--format", "json").output)
    moved = json.loads(toban("forecast", DB, "--add", "200GB", "--on", on, "--format", "json").output)

    assert moved["imagined"] is True
    assert moved["levels"][0]["on"] < plain["levels"][0]["on"]
    assert moved["days"][10]["value"] - plain["days"][10]["value"] == pytest.approx(200 * GB, rel=1e-3)
    assert "その場合: 70% に達するのは" in toban("forecast", DB, "--add", "200GB").output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("forecast", "nowhere"), "nowhere"),
        (("forecast", DB, "--add", "2"), "200GB"),
        (("forecast", DB, "--load", "much"), "20%"),
        (("forecast", DB, "--add", "1GB", "--on", "soon"), "2026-12-01"),
        (("forecast", "Webサーバー台数", "--add", "1"), "予測がない"),
        (("replay", "nowhere"), WEB),
        (("replay", WEB), "測定値がない"),
        (("scale", WEB, "--to", "11", "--yes"), "上限は 10 台"),
        (("scale", WEB, "--to", "0", "--yes"), "1 以上"),
        (("scale", "nowhere", "--to", "3", "--yes"), WEB),
        (("scale", WEB, "--to", "3"), ""),
    ],
)
def test_what_is_not_possible_says_why_and_the_way_out(
    place: Place, arguments: tuple[str, ...], said: str
) -> None:
    grown(place)

    result = toban(*arguments)

    assert result.exit_code == 1, result.output
    assert said in result.output
    assert not Run.objects.exists()


def test_groups_say_their_mode_their_size_and_what_was_decided(place: Place) -> None:
    place.load(*[85.0] * 32)
    place.look()

    (told,) = json.loads(toban("groups", "--format", "json").output)

    assert (told["group"], told["mode"], told["serving"], told["most"]) == (WEB, "shadow", 2, 10)
    assert (told["outcome"], told["mean"]) == ("scale", pytest.approx(85.0))
    assert told["run"] is not None
    assert "Webサーバー: 試行 (シャドー)、2 台 (上限 10 台)" in toban("groups").output


def test_a_replay_counts_what_the_rule_would_have_done(place: Place) -> None:
    place.take(BINDINGS.replace('resource = "Webサーバー台数"', 'most = 10\nprice = "¥6,000"'))
    busy(place, days=10, hours=1)

    told = json.loads(toban("replay", WEB, "--days", "30", "--format", "json").output)[0]

    # Twice an hour in which the condition held: after 30 minutes, and again one cool-down later.
    assert [each["to"] for each in told["added"]] == [3, 4, 5, 6]
    assert told["size"] == 2
    assert told["size_from"]["code"] == "capacity.size-is-now"
    assert told["known_share"] == pytest.approx(1.0, abs=0.01)
    assert told["minutes_at_limit"] == 0
    months = told["instance_hours"] / (24 * 365.25 / 12)
    assert told["cost"] == f"¥{round(6000 * months):,}"
    said = toban("replay", WEB, "--days", "30").output
    assert "4回" in said
    assert "ほかの台を楽にすることは計算に入れず" in said


def test_a_replay_begins_with_what_was_counted_then(place: Place) -> None:
    busy(place, days=2, hours=1)
    place.add([Sample(Metric.USED_AMOUNT, "Webサーバー台数", "x", place.now - 2 * DAY + 5 * MINUTE, 9.0)])

    told = json.loads(toban("replay", WEB, "--format", "json").output)[0]

    assert (told["size"], told["size_from"]["code"]) == (9, "capacity.size-was-measured")
    assert [each["to"] for each in told["added"]] == [10]
    assert told["minutes_at_limit"] > 0
    assert told["cost"] is None


def test_a_replay_begins_with_what_was_recorded_where_nothing_is_counted(place: Place) -> None:
    place.take(BINDINGS.replace('resource = "Webサーバー台数"', "most = 10"))
    assert toban("scale", WEB, "--to", "3", "--yes").exit_code == 0
    place.now = system_clock()
    place.work()
    place.pass_(timedelta(minutes=1))
    busy(place, days=1, hours=1)

    told = json.loads(toban("replay", WEB, "--format", "json").output)[0]

    assert (told["size"], told["size_from"]["code"]) == (2, "capacity.size-was-recorded")


def test_a_store_that_does_not_answer_ends_with_2(monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> Telemetry:
        raise StoreUnavailable("no address is known")

    monkeypatch.setattr(capacity, "telemetry", away)

    assert toban("replay", WEB).exit_code == 2


def test_a_person_scales_a_group_in_shadow_up_and_down(place: Place) -> None:
    result = toban("scale", WEB, "--to", "4", "--reason", "sale", "--as", "nami", answer="y\n")
    place.now = system_clock()
    place.work()

    (run,) = place.runs()
    assert result.exit_code == 0, result.output
    assert (run.state, run.ordered_by, run.parameters) == (
        Run.State.DONE,
        "nami",
        {"to": "4", "reason": "sale"},
    )
    assert place.herd.serving == 4
    entry = LedgerEntry.objects.get(content__order="run")
    assert (entry.actor, entry.content["via"]) == ("nami", "shell")
    assert entry.content["shell_user"] == shell_user()
    assert toban("scale", WEB, "--to", "1", "--yes").exit_code == 0
    place.now = system_clock()
    place.work()
    assert place.herd.ordered == [4, 1]


@pytest.mark.parametrize(("account", "actor"), [(("--as", "nami"), "nami"), ((), "ops")])
def test_the_evidence_says_who_was_at_the_shell_too(
    monkeypatch: pytest.MonkeyPatch, account: tuple[str, ...], actor: str
) -> None:
    monkeypatch.setattr(capacity, "shell_user", lambda: "ops")

    assert toban("scale", WEB, "--to", "4", *account, "--yes").exit_code == 0

    entry = LedgerEntry.objects.get(content__order="run")
    assert (entry.actor, entry.content["via"], entry.content["shell_user"]) == (actor, "shell", "ops")


def test_who_is_at_the_shell_does_not_approve_either(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capacity, "shell_user", lambda: "nami")

    assert toban("scale", WEB, "--to", "4", "--yes").exit_code == 0

    assert place.runs()[0].orderers == [Operator.objects.get(username="nami").pk]


def test_what_the_provider_scales_is_not_scaled_here(place: Place) -> None:
    place.take(BINDINGS.replace('resource = "Webサーバー台数"', 'by = "provider"'))

    result = toban("scale", WEB, "--to", "3", "--yes")

    assert (result.exit_code, "提供元" in result.output) == (1, True)


@pytest.fixture
def document(tmp_path: Path) -> Path:
    made = tmp_path / "運用設計書.md"
    made.write_bytes(DOCUMENT.replace("\n", "\r\n").encode("utf-8-sig"))
    return made


def patched(document: Path, *more: str, answer: str = "") -> Result:
    return toban("patch", "--document", str(document), *more, answer=answer)


def test_a_patch_is_shown_and_not_written(place: Place, document: Path) -> None:
    place.measure()
    before = document.read_bytes()

    result = patched(document)

    assert result.exit_code == 3
    assert "-| DBストレージ | 100GB | 500GB | 20% | 使用率70%到達時 |" in result.stdout
    assert "+| DBストレージ | 120GB | 500GB | 24% | 使用率70%到達時 |" in result.stdout
    assert "Webサーバー台数 | 2台" not in "".join(
        line for line in result.stdout.splitlines() if line[:1] in ("+", "-")
    )
    assert document.read_bytes() == before


def test_a_patch_is_applied_cell_by_cell_and_all_other_bytes_stay(place: Place, document: Path) -> None:
    place.measure()
    document.chmod(0o640)
    before = document.read_bytes()

    result = patched(document, "--apply", answer="y\n")

    assert result.exit_code == 0, result.output
    assert document.read_bytes() == before.replace(b"100GB | 500GB | 20%", b"120GB | 500GB | 24%")
    assert document.stat().st_mode & 0o777 == 0o640
    assert [each.name for each in document.parent.iterdir() if "運用設計書" in each.name] == ["運用設計書.md"]
    assert patched(document).exit_code == 0


def test_a_patch_that_is_not_confirmed_is_not_written(place: Place, document: Path) -> None:
    place.measure()
    before = document.read_bytes()

    assert patched(document, "--apply", answer="n\n").exit_code == 1
    assert document.read_bytes() == before


def test_a_document_that_changes_meanwhile_is_left_alone(
    place: Place, document: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.measure()
    other = DOCUMENT.replace("## 9.", "## 9. ").encode()
    monkeypatch.setattr(capacity, "confirm", lambda *_asked, **_how: document.write_bytes(other))

    result = patched(document, "--apply")

    assert result.exit_code == 1
    assert "その間に変わった" in result.output
    assert document.read_bytes() == other


def test_a_limit_that_is_another_is_told_and_changed_only_if_wanted(place: Place, document: Path) -> None:
    place.gauges[DB].limit = 400 * GB
    place.measure()

    told = patched(document)
    assert "500GB → 400GB" in told.stderr
    assert "400GB" not in told.stdout
    assert patched(document, "--limits", "--apply", "--yes").exit_code == 0
    assert "| 120GB | 400GB | 30% |" in document.read_text(encoding="utf-8-sig")


def test_a_document_that_cannot_be_read_ends_with_1(tmp_path: Path) -> None:
    assert patched(tmp_path / "gone.md").exit_code == 1
