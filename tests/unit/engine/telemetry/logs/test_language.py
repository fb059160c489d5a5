"""Searches as people write them."""

from dataclasses import replace

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
        ("https://shop.example/cart?id=1", [contains("https://shop.example/cart?id=1")]),
        (r"C:\inetpub\logs\w3svc1", [contains(r"C:\inetpub\logs\w3svc1")]),
        ("-http://a", [contains("http://a", negated=True)]),
        ("status:5*", [SearchTerm("status", Match.BEGINS, "5")]),
        ("status:5xx", [SearchTerm("status", Match.BEGINS, "5")]),
        ("-status:40*", [SearchTerm("status", Match.BEGINS, "40", negated=True)]),
        ("status>=500", [SearchTerm("status", Match.AT_LEAST, "500")]),
        ("durationMs<12.5", [SearchTerm("duration_ms", Match.BELOW, "12.5")]),
        ("timeout*", [contains("timeout")]),
        ("a=1 b->c", [contains("a=1"), contains("b->c")]),
        ("/time[d ]out/", [SearchTerm("message", Match.PATTERN, "time[d ]out")]),
        (r"/\p{Han}+[[:digit:]]/", [SearchTerm("message", Match.PATTERN, r"\p{Han}+[[:digit:]]")]),
        ("NOT /x+/", [SearchTerm("message", Match.PATTERN, "x+", negated=True)]),
        (r"/took: \d+/", [SearchTerm("message", Match.PATTERN, r"took: \d+")]),
        ("/orders/1:5", [contains("/orders/1:5")]),
        ("/orders/1/", [contains("/orders/1/")]),
        ("route:/orders/", [whole("route", "/orders/")]),
        ("NOT health", [contains("health", negated=True)]),
        ("a AND b", [contains("a"), contains("b")]),
        ('"OR" or and', [contains("OR"), contains("or"), contains("and")]),
        (
            "level:ERROR OR status:5* service:a",
            [
                replace(whole("level", "ERROR"), others=(SearchTerm("status", Match.BEGINS, "5"),)),
                whole("service", "a"),
            ],
        ),
        (
            "a OR b OR NOT c",
            [replace(contains("a"), others=(contains("b"), contains("c", negated=True)))],
        ),
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
        ("OR a", "OR"),
        ("a OR", "OR"),
        ("a OR OR b", "OR"),
        ("a AND", "AND"),
        ("NOT", "NOT"),
        ("(a OR b) c", "括弧"),
        ("ti*out", "先頭か末尾"),
        ("service:sh*p", "先頭か末尾"),
        ("/a(/", "正規表現"),
        ("/(?<=a)b/", "正規表現"),
        ("/a(/", "missing \\): a\\("),
        (r"/(a)\1/", r"RE2 の正規表現として読めません: invalid escape sequence: \\1"),
        ("/(?>a)/", "RE2"),
        ("/a++/", "RE2"),
        (r"/a\Z/", "RE2"),
        (r"/\u3042/", "RE2"),
        ("/(?#why)a/", "RE2"),
        ("/(?P<n>a)(?P=n)/", "RE2"),
        ("/x{2000}/", "RE2"),
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


def test_what_or_joins_is_one_part() -> None:
    search = read_search("a OR  b NOT c AND d")

    assert search.parts == ("a OR b", "NOT c", "d")
    assert search.without("a OR b") == "NOT c d"
