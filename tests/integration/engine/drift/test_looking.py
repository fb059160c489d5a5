"""Settings are looked at where they are made; a change of reality is found, and is a change of its row."""

import pytest
from tests.integration.engine.drift.place import ACCESS, HOUR, REGION, Place

from toban.engine.changes.models import Change, ChangeSubject
from toban.engine.changes.query import ChangeSearch, found, told
from toban.engine.drift.found import DriftState, found_settings
from toban.engine.drift.models import SeenSetting
from toban.engine.drift.operation import OPERATION
from toban.engine.evidence import ledger
from toban.engine.overview import EditionStatus

pytestmark = pytest.mark.django_db

ALL = {
    "アクセスログ log-retention",
    "PostgreSQL backup-generations",
    "S3ファイル backup-retention",
    "B001 batch-schedule",
}


def states(place: Place) -> dict[str, str]:
    return {name: each.state.value for name, each in place.found().items()}


def test_what_is_set_as_the_document_says_is_the_same(place: Place) -> None:
    assert set(states(place).values()) == {"unknown"}

    place.look()

    assert states(place) == dict.fromkeys(ALL, "same")
    assert not list(OPERATION.to_do(place.edition, EditionStatus(place.now, {})))


def test_each_setting_that_is_made_otherwise_is_found_with_its_place(place: Place) -> None:
    place.keep_logs(30)
    place.keep_versions(7)
    place.keep_backups("repo1-retention-full=14")
    place.crontab("15 4 * * * /srv/aggregate B001\n")

    place.look()

    assert states(place) == dict.fromkeys(ALL, "different")
    found = place.found()
    assert {name: (str(each.stated), str(each.real)) for name, each in found.items()} == {
        "アクセスログ log-retention": ("90日", "30日"),
        "PostgreSQL backup-generations": ("30世代", "14世代"),
        "S3ファイル backup-retention": ("30日", "7日"),
        "B001 batch-schedule": ("日次 03:00", "日次 04:15"),
    }
    assert place.group in str(found["アクセスログ log-retention"].setting.place)
    to_do = list(OPERATION.to_do(place.edition, EditionStatus(place.now, {})))
    assert {each.clause_id for each in to_do} == {each.setting.row.id for each in found.values()}


def test_a_log_group_without_the_setting_keeps_its_lines_for_ever(place: Place) -> None:
    place.logs.delete_retention_policy(logGroupName=place.group)

    place.look()

    assert str(place.found()["アクセスログ log-retention"].real) == "無期限"


def test_a_length_in_the_configuration_of_backups_is_compared_with_the_length_of_the_row(
    place: Place,
) -> None:
    place.keep_backups("repo1-retention-full=14", "repo1-retention-full-type=time")

    place.look()

    assert str(place.found()["PostgreSQL backup-retention"].real) == "14日"
    assert "PostgreSQL backup-generations" not in place.found()


@pytest.mark.parametrize(
    ("days", "prefix", "expected"),
    [
        (365, "", "same"),
        (366, "audit/2026", "same"),
        (90, "", "different"),
        (90, "other/", None),
        (None, "", None),
    ],
)
def test_a_life_cycle_that_deletes_the_audit_log_is_compared(
    place: Place, days: int | None, prefix: str, expected: str | None
) -> None:
    place.ship_audit_log()
    place.expire(days, prefix)

    place.look()

    assert states(place).get("監査ログ log-retention") == expected


def test_a_setting_that_can_not_be_read_is_unknown_and_never_the_same(place: Place) -> None:
    place.look()
    place.logs.delete_log_group(logGroupName=place.group)

    place.look(HOUR)

    each = place.found()["アクセスログ log-retention"]
    assert each.state is DriftState.UNKNOWN
    assert place.group in str(each.why)
    # What was seen last is still said.
    assert str(each.real) == "90日"


def test_a_place_that_two_tables_bind_is_one_setting(place: Place) -> None:
    place.more = f"""[log_sources.again]
kind = "cloudwatch"
region = "{REGION}"
endpoint_url = "{place.url}"
access_key = "env:AWS_ACCESS"
secret_key = "env:AWS_SECRET"
group = "{place.group}"
log = "アクセスログ"
"""

    place.look()

    found = found_settings(place.edition, place.now)
    assert [each.state.value for each in found if each.setting.row.id == ACCESS] == ["same"]


def test_a_crontab_in_a_zone_that_there_is_not_is_unknown(place: Place) -> None:
    place.crontab("CRON_TZ=Nowhere/X\n0 3 * * * /srv/aggregate B001\n")

    place.look()

    each = place.found()["B001 batch-schedule"]
    assert each.state is DriftState.UNKNOWN
    assert "Nowhere/X" in str(each.why)


def test_what_was_last_seen_long_ago_is_unknown(place: Place) -> None:
    place.look()

    place.now += 3 * HOUR
    assert set(states(place).values()) == {"same"}
    place.now += HOUR / 60
    assert set(states(place).values()) == {"unknown"}


def test_settings_are_looked_at_every_hour_and_not_before(place: Place) -> None:
    place.look()
    place.keep_logs(30)

    place.look(HOUR - HOUR / 60)
    assert states(place)["アクセスログ log-retention"] == "same"
    place.look(HOUR / 60)
    assert states(place)["アクセスログ log-retention"] == "different"


def test_reality_that_changes_without_the_document_is_a_change_of_the_row(place: Place) -> None:
    place.look()
    assert not Change.objects.exists()
    place.keep_logs(30)

    place.look(HOUR)

    (change,) = told(found(ChangeSearch()))
    said = change.facts.said.in_language("en")
    assert "from 90 d to 30 d; the document does not say so" in said
    assert place.group in said
    assert set(ChangeSubject.objects.values_list("name", flat=True)) == {ACCESS, "アクセスログ"}
    assert ledger.verify().broken is None
    each = place.found()["アクセスログ log-retention"]
    assert str(each.before) == "90日"
    assert each.seen is not None
    assert (each.seen.before_until, each.seen.since) == (place.now - HOUR, place.now)


def test_a_setting_that_is_removed_and_one_that_comes_are_changes(place: Place) -> None:
    place.look()
    place.crontab("# nothing\n")
    place.look(HOUR)
    assert "B001 batch-schedule" not in place.found()
    place.crontab("15 4 * * * /srv/aggregate B001\n")
    place.look(HOUR)

    said = [change.facts.said.in_language("ja") for change in told(found(ChangeSearch()))]

    assert [words.partition(" が ")[2] for words in said] == [
        "設定なし から 日次 04:15 に変わりました。文書はそう述べていません",
        "日次 03:00 から 設定なし に変わりました。文書はそう述べていません",
    ]
    # What it was two changes ago is not what it was before.
    each = place.found()["B001 batch-schedule"]
    assert str(each.before) == "設定なし"
    assert each.seen is not None
    assert (each.seen.before_until, each.seen.since) == (place.now - HOUR, place.now)


def test_reality_that_follows_the_document_is_said_to_do_so(place: Place) -> None:
    place.keep_logs(30)
    place.look()
    place.keep_logs(90)

    place.look(HOUR)

    (change,) = told(found(ChangeSearch()))
    assert "as the document says" in change.facts.said.in_language("en")


def test_a_change_of_the_document_alone_is_no_change_of_reality(place: Place) -> None:
    place.look()
    text = place.document.read_text(encoding="utf-8")
    place.document.write_text(
        text.replace("CloudWatch Logs | 90日", "CloudWatch Logs | 30日"), encoding="utf-8"
    )

    place.look(HOUR)

    assert states(place)["アクセスログ log-retention"] == "different"
    assert not Change.objects.exists()


def test_another_place_is_seen_for_the_first_time_and_is_no_change(place: Place) -> None:
    place.look()
    place.group = f"{place.group}-2"
    place.logs.create_log_group(logGroupName=place.group)
    place.keep_logs(7)

    place.look(HOUR)

    assert states(place)["アクセスログ log-retention"] == "different"
    assert not Change.objects.exists()
    assert SeenSetting.objects.count() == len(SeenSetting.objects.values("key").distinct())


def test_keys_of_a_cloud_never_show(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(place, "url", "http://127.0.0.1:9")

    place.look()

    each = place.found()["アクセスログ log-retention"]
    assert each.state is DriftState.UNKNOWN
    assert "a-secret-of-the-tests" not in f"{each.why}{list(SeenSetting.objects.values())}"
