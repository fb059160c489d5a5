"""A bucket's rules are compared with what a measure says."""

from typing import Any

import pytest

from toban.chapters.cost.lifecycles.rules import GLACIER, WantedMove, compare, proposed

WANTED = WantedMove("images/", 90, GLACIER)


def rule(days: int | None = 90, **said: Any) -> dict[str, Any]:
    move = {"StorageClass": said.pop("to", "GLACIER")}
    move |= {"Date": "2027-01-01"} if days is None else {"Days": days}
    return {"ID": "old", "Status": "Enabled", "Filter": {"Prefix": "images/"}, "Transitions": [move], **said}


EXPIRES = {"ID": "gone", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 90}}


@pytest.mark.parametrize(
    "rules",
    [
        [rule()],
        [rule(30)],
        [rule(to="DEEP_ARCHIVE")],
        [rule(Filter={"Prefix": ""})],
        [rule(Filter={})],
        [{**rule(), "Filter": {}, "Prefix": "ima"}],
        [rule(Filter={"And": {"Prefix": "images/", "ObjectSizeGreaterThan": 131072}})],
        [rule(Status="Disabled"), rule()],
        [rule(), {**EXPIRES, "Expiration": {"Days": 91}}],
        [rule(), {**EXPIRES, "Status": "Disabled"}],
        [rule(), {**EXPIRES, "Filter": {"Prefix": "logs/"}}],
    ],
)
def test_a_rule_that_moves_it_in_time_is_right(rules: list[dict[str, Any]]) -> None:
    assert compare(rules, WANTED).wrong == ()


@pytest.mark.parametrize(
    ("rules", "codes"),
    [
        ([], ["none"]),
        ([EXPIRES], ["none"]),
        ([rule(Status="Disabled")], ["off"]),
        ([rule(91)], ["later"]),
        ([rule(None)], ["on-a-date"]),
        ([rule(to="STANDARD_IA")], ["other-class"]),
        ([rule(Filter={"Prefix": "images/large/"})], ["elsewhere"]),
        ([rule(Filter={"Tag": {"Key": "a", "Value": "b"}})], ["narrowed"]),
        ([rule(Filter={"And": {"Prefix": "images/", "ObjectSizeGreaterThan": 131073}})], ["narrowed"]),
        ([rule(Filter={"Prefix": "images/", "ObjectSizeLessThan": 9})], ["narrowed"]),
        ([rule(), EXPIRES], ["deleted-before"]),
        ([rule(), {**EXPIRES, "Filter": {"Prefix": "images/tmp/"}}], ["deleted-before"]),
        ([rule(180, Status="Disabled"), rule(91)], ["later"]),
    ],
)
def test_what_is_otherwise_is_said_about_the_nearest_rule(
    rules: list[dict[str, Any]], codes: list[str]
) -> None:
    assert [each.code for each in compare(rules, WANTED).wrong] == [f"lifecycles.{code}" for code in codes]


@pytest.mark.parametrize("rules", [[], [rule(180)], [{**EXPIRES, "Filter": {"Prefix": "logs/"}}]])
def test_the_proposal_keeps_what_there_is_and_is_right(rules: list[dict[str, Any]]) -> None:
    found = proposed(rules, WANTED)

    assert list(found[:-1]) == rules
    assert compare(found, WANTED).wrong == ()
    assert proposed(found, WANTED) == found


def test_any_class_that_is_asked_for_is_the_only_one() -> None:
    wanted = WantedMove("images/", 90, ("DEEP_ARCHIVE",))

    assert [each.code for each in compare([rule()], wanted).wrong] == ["lifecycles.other-class"]
