"""Searches as people write them."""

import pytest

from toban.engine.search_parts import BadSearch, term
from toban.engine.telemetry.logs.language import read_search
from toban.engine.telemetry.logs.search import Compared, Contains, Is, StartsWith, Term


@pytest.mark.parametrize(
    ("written", "terms"),
    [
        ("", []),
        ("declined", [Contains("declined")]),
        ('"card declined"', [Contains("card declined")]),
        (r'"say \"no\""', [Contains('say "no"')]),
        ("-health", [Contains("health", negated=True)]),
        ("message:time*", [Contains("time")]),
        ('-message:"a *"', [Contains("a *", negated=True)]),
        ("level:error", [Is("level", "ERROR")]),
        ("!level:error", [Is("level", "ERROR", negated=True)]),
        ("kind:アプリログ", [Is("kind", "application")]),
        ("REQUESTID:req-1", [Is("request_id", "req-1")]),
        ("status:>=500", [Compared("status", ">=", 500.0)]),
        ("status:404", [Compared("status", "=", 404.0)]),
        ("-durationMs:<12.5", [Compared("duration_ms", "<", 12.5, negated=True)]),
        ("service:shop*", [StartsWith("service", "shop")]),
        ("traceId:*", [StartsWith("trace_id", "")]),
        ("cart.items:3", [Is(("cart", "items"), "3")]),
        ('user.name:"山田 太郎"', [Is(("user", "name"), "山田 太郎")]),
        ("12:30", [Is(("12",), "30")]),
        ("a-b - c", [Contains("a-b"), Contains("-"), Contains("c")]),
        ("level:ERROR 決済 -test", [Is("level", "ERROR"), Contains("決済"), Contains("test", negated=True)]),
    ],
)
def test_a_search_is_its_terms(written: str, terms: list[Term]) -> None:
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
def test_what_can_not_be_read_is_told_by_its_part(written: str, reason: str) -> None:
    with pytest.raises(BadSearch, match=reason):
        read_search(written)


@pytest.mark.parametrize(
    "value", ["shop-api", "/orders/1", "a b", ">=5", "x*", 'say "no"', "back\\slash", "決済"]
)
def test_a_written_term_holds_of_its_value_alone(value: str) -> None:
    written = f"declined {term('service', value)} {term('route', value, negated=True)}"

    assert read_search(written).terms == (
        Contains("declined"),
        Is("service", value),
        Is("route", value, negated=True),
    )


def test_a_search_without_one_of_its_parts_is_the_others() -> None:
    search = read_search('level:ERROR  "card declined" -status:>=500')

    assert search.parts == ("level:ERROR", '"card declined"', "-status:>=500")
    assert search.without('"card declined"') == "level:ERROR -status:>=500"
