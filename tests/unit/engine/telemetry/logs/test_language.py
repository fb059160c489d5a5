"""Searches as people write them."""

import pytest

from toban.engine.search_parts import BadSearch, Match, SearchTerm, term
from toban.engine.telemetry.logs.language import read_search
from toban.engine.telemetry.logs.search import Column, LogTerm


def contains(text: str, *, negated: bool = False) -> LogTerm:
    return SearchTerm("message", Match.PART, text, negated)


def whole(column: Column, value: str, *, negated: bool = False) -> LogTerm:
    return SearchTerm(column, Match.WHOLE, value, negated)


@pytest.mark.parametrize(
    ("written", "terms"),
    [
        ("", []),
        ("declined", [contains("declined")]),
        ('"card declined"', [contains("card declined")]),
        (r'"say \"no\""', [contains('say "no"')]),
        ("-health", [contains("health", negated=True)]),
        ("message:time*", [contains("time")]),
        ('-message:"a *"', [contains("a *", negated=True)]),
        ("level:error", [whole("level", "ERROR")]),
        ("!level:error", [whole("level", "ERROR", negated=True)]),
        ("kind:アプリログ", [whole("kind", "application")]),
        ("REQUESTID:req-1", [whole("request_id", "req-1")]),
        ("status:>=500", [SearchTerm("status", Match.AT_LEAST, "500")]),
        ("status:404", [SearchTerm("status", Match.EQUAL, "404")]),
        ("-durationMs:<12.5", [SearchTerm("duration_ms", Match.BELOW, "12.5", negated=True)]),
        ("service:shop*", [SearchTerm("service", Match.BEGINS, "shop")]),
        ("traceId:*", [SearchTerm("trace_id", Match.ANY, "")]),
        ("route:*/orders", [SearchTerm("route", Match.ENDS, "/orders")]),
        ("-route:*orders*", [SearchTerm("route", Match.PART, "orders", negated=True)]),
        ('route:"*x"', [whole("route", "*x")]),
        ("cart.items:3", [whole(("cart", "items"), "3")]),
        ('user.name:"山田 太郎"', [whole(("user", "name"), "山田 太郎")]),
        ("12:30", [whole(("12",), "30")]),
        ("a-b - c", [contains("a-b"), contains("-"), contains("c")]),
        (
            "level:ERROR 決済 -test",
            [whole("level", "ERROR"), contains("決済"), contains("test", negated=True)],
        ),
    ],
)
def test_a_search_is_split_into_its_terms(written: str, terms: list[LogTerm]) -> None:
    assert list(read_search(written).terms) == terms


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ('"open', "引用符"),
        ("status:>=many", "数を書いてください"),
        ("status:many", "数を書いてください"),
        ("a`b:1", "探せません"),
        ("x" * 1001, "1000 文字まで"),
        ("x " * 31, "30 個まで"),
    ],
)
def test_an_unreadable_part_of_a_search_is_named(written: str, reason: str) -> None:
    with pytest.raises(BadSearch, match=reason):
        read_search(written)


@pytest.mark.parametrize(
    "value", ["shop-api", "/orders/1", "a b", ">=5", "x*", 'say "no"', "back\\slash", "決済"]
)
def test_a_generated_term_matches_exactly_its_value(value: str) -> None:
    written = f"declined {term('service', value)} {term('route', value, negated=True)}"

    assert read_search(written).terms == (
        contains("declined"),
        whole("service", value),
        whole("route", value, negated=True),
    )


def test_removing_a_part_from_a_search_keeps_the_others() -> None:
    search = read_search('level:ERROR  "card declined" -status:>=500')

    assert search.parts == ("level:ERROR", '"card declined"', "-status:>=500")
    assert search.without('"card declined"') == "level:ERROR -status:>=500"
