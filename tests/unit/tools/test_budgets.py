"""What counts as over budget."""

from tools.budgets import Excess, excesses, verdict


def function_of(lines: int) -> str:
    return "def f() -> None:\n" + "    pass\n" * (lines - 1)


def test_a_function_may_have_fifty_lines_and_no_more() -> None:
    assert list(excesses("m.py", function_of(50))) == []
    assert list(excesses("m.py", function_of(51))) == [Excess("m.py:f", "51 lines, 50 allowed")]


def test_a_module_may_have_five_hundred_lines_and_no_more() -> None:
    assert list(excesses("m.py", "x = 1\n" * 500)) == []
    assert list(excesses("m.py", "x = 1\n" * 501)) == [Excess("m.py", "501 lines, 500 allowed")]


def test_a_function_may_have_ten_branches_and_no_more() -> None:
    ten = "def f(x: int) -> None:\n" + "    if x: pass\n" * 10

    assert list(excesses("m.py", ten)) == []
    assert list(excesses("m.py", ten + "    while x: pass\n")) == [
        Excess("m.py:f", "11 branches, 10 allowed")
    ]


def test_nested_functions_are_counted_separately() -> None:
    inner = "    def g(x: int) -> None:\n" + "        if x: pass\n" * 10
    outer = "def f(x: int) -> None:\n" + inner + "    if x: pass\n"

    assert list(excesses("m.py", outer)) == []


def test_an_exception_listed_by_name_is_not_reported() -> None:
    assert verdict([Excess("m.py:f", "51 lines, 50 allowed")], {"m.py:f": "a table of cases"}) == []


def test_an_unneeded_exception_is_reported() -> None:
    assert verdict([], {"m.py:f": "once long"}) == ["m.py:f: within budget, needs no exception"]
