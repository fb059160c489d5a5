"""A bucket's settings, compared with the document."""

from typing import Any

import pytest

from toban.chapters.backup.engines.versioning.engine import compare, mended_rules
from toban.engine.stores.s3.settings import Settings
from toban.message import NOTHING, Message, plain


def rule(days: int, name: str = "theirs", *, prefix: str = "", **more: Any) -> dict[str, Any]:
    return {
        "ID": name,
        "Status": "Enabled",
        "Filter": {"Prefix": prefix},
        "NoncurrentVersionExpiration": {"NoncurrentDays": days},
        **more,
    }


def enabled(*rules: dict[str, Any], lock: Message = NOTHING) -> Settings:
    return Settings("Enabled", rules, lock)


def test_a_bucket_that_matches_the_document_needs_no_change() -> None:
    found = compare(enabled(rule(30)), 30)

    assert (found.faults, found.excesses, found.changes) == ((), (), ())
    assert str(found.value) == "バージョニング有効、旧版 30日"


def test_settings_are_described_in_english_too() -> None:
    found = compare(enabled(rule(1), lock=plain("lock GOVERNANCE")), 30)

    assert found.value.in_language("en") == "versioning on, former versions kept for 1 day, lock GOVERNANCE"
    assert [each.in_language("en") for each in (*found.faults, *found.changes)] == [
        "The rule “theirs” removes former versions after 1 day",
        "In the rule “theirs”, keep former versions for 30 days instead of 1",
    ]


@pytest.mark.parametrize(("versioning", "words"), [("", "無効"), ("Suspended", "止められて")])
def test_without_versioning_no_old_version_is_kept(versioning: str, words: str) -> None:
    found = compare(Settings(versioning, [rule(30)], NOTHING), 30)

    assert words in str(found.faults[0])
    assert found.changes == (Message("backup-engines.enable-versioning"),)


def test_versions_deleted_a_day_too_early_are_a_fault() -> None:
    found = compare(enabled(rule(29)), 30)

    assert [*map(str, found.faults)] == ["規則「theirs」が旧版を 29日で消します"]
    assert found.excesses == ()


def test_versions_kept_a_day_too_long_are_an_excess() -> None:
    found = compare(enabled(rule(31)), 30)

    assert found.faults == ()
    assert [*map(str, found.excesses)] == ["旧版が文書の 30日を過ぎても 31日まで残ります"]


@pytest.mark.parametrize(
    "partial",
    [
        rule(30, prefix="logs/"),
        rule(30, Filter={"Tag": {"Key": "k", "Value": "v"}}),
        rule(30, Filter={"And": {"Prefix": "logs/", "Tags": []}}),
        rule(30, Status="Disabled"),
        rule(30, NoncurrentVersionExpiration={"NoncurrentDays": 30, "NewerNoncurrentVersions": 3}),
        {"ID": "abort", "Status": "Enabled", "Filter": {}, "AbortIncompleteMultipartUpload": {}},
    ],
    ids=["prefix", "tag", "and", "disabled", "keeps the newest", "another purpose"],
)
def test_a_rule_for_some_objects_does_not_apply_to_the_others(partial: dict[str, Any]) -> None:
    assert [*map(str, compare(enabled(partial), 30).excesses)] == ["旧版が文書の 30日を過ぎても残ります"]


def test_a_rule_in_the_old_syntax_counts() -> None:
    old = {"Status": "Enabled", "Prefix": "", "NoncurrentVersionExpiration": {"NoncurrentDays": 30}}

    assert compare(enabled(old), 30).changes == ()


def test_a_document_without_a_retention_only_requires_versioning() -> None:
    assert compare(enabled(), None).changes == ()
    assert compare(Settings("", (), NOTHING), None).changes == (Message("backup-engines.enable-versioning"),)


def test_the_object_lock_is_reported() -> None:
    assert "ロック GOVERNANCE 30日" in str(
        compare(enabled(rule(30), lock=plain("ロック GOVERNANCE 30日")), 30).value
    )


@pytest.mark.parametrize(
    "rules",
    [
        [],
        [rule(7)],
        [rule(7, prefix="logs/")],
        [rule(90)],
        [rule(7, "toban-former-versions")],
        [rule(90, "a"), rule(7, "b", prefix="x/"), {"ID": "c", "Status": "Enabled", "Filter": {}}],
    ],
    ids=["none", "short", "short in part", "long", "ours before", "several"],
)
def test_the_correction_matches_the_document_and_keeps_other_rules(rules: list[dict[str, Any]]) -> None:
    mended = mended_rules(enabled(*rules), 30)

    again = compare(enabled(*mended), 30)
    assert (again.faults, again.excesses) == ((), ())
    kept = {each["ID"] for each in rules} - {"toban-former-versions"}
    assert kept <= {each["ID"] for each in mended}
    assert mended_rules(enabled(*mended), 30) == mended
