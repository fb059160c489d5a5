"""The table of all benchmarks, and that none is left out of it."""

from pathlib import Path

import pytest
from benchmarks.__main__ import Outcome, about, amount, last_said, main, programs, rows, status, table
from benchmarks.figures import LACKING, PLACE, Figure, Lacking, parts_of_tests, state, stated

ROOT = Path(__file__).parents[3]
MET, MISSED = Figure("lag", 43.06, "ms", most=50), Figure("rate", 193.4, "runs/s", least=400)


def outcome(*figures: Figure, code: int = 0, said: str = "") -> Outcome:
    return Outcome("runs", figures, code, said)


def test_contributing_lists_every_benchmark() -> None:
    marker = ".venv/bin/python -m benchmarks."
    written = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").splitlines()
    listed = [line.removeprefix(marker).split()[0] for line in written if line.startswith(marker)]

    assert sorted(listed) == list(programs())
    assert {"runs", "latency", "capacity", "incident"} <= programs().keys()
    # What they start, or share, is no benchmark.
    assert not {"worker", "labels", "fleet", "figures", "benchmarks"} & programs().keys()


def test_every_benchmark_says_in_its_first_line_what_it_measures() -> None:
    said = [about(program) for program in programs().values()]

    assert all(len(each.split()) >= 4 for each in said), said


def test_every_benchmark_states_figures() -> None:
    silent = {
        name
        for name, program in programs().items()
        if not any("    state(" in each.read_text(encoding="utf-8") for each in parts_of(program))
    }

    assert silent == set()


def parts_of(program: Path) -> list[Path]:
    """Return the files of a benchmark: it may be a folder."""
    return sorted(program.parent.glob("*.py")) if program.stem == "__main__" else [program]


def test_a_figure_at_its_limit_is_as_wanted() -> None:
    assert not Figure("lag", 50, "ms", most=50).is_missed
    assert Figure("lag", 50.1, "ms", most=50).is_missed
    assert not Figure("rate", 400, "runs/s", least=400).is_missed
    assert Figure("rate", 399.9, "runs/s", least=400).is_missed
    assert not Figure("size", 1e9, "MB").is_missed


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ([outcome(MET)], 0),
        ([outcome(MET), outcome(MISSED)], 1),
        ([outcome(MET), outcome(code=2)], 1),
        ([outcome(MET), outcome(code=LACKING)], LACKING),
        ([outcome(MISSED), outcome(code=LACKING)], 1),
    ],
    ids=["met", "missed", "failed", "lacking", "missed-and-lacking"],
)
def test_the_status_says_whether_all_is_as_wanted(found: list[Outcome], expected: int) -> None:
    assert status(found) == expected


def test_a_line_names_what_is_wanted_and_what_another_took() -> None:
    deploy = Figure("deploy", 3.217, "s", peer="Capistrano", peers=6.4)

    assert list(rows(outcome(MET, MISSED, deploy))) == [
        ("runs", "lag", "≤ 50 ms", "43.1 ms", "", ""),
        ("runs", "rate", "≥ 400 runs/s", "193 runs/s", "", "missed"),
        ("runs", "deploy", "", "3.22 s", "Capistrano 6.40 s", ""),
    ]


def test_what_is_lacking_or_failed_or_unstated_has_a_line() -> None:
    shown = [
        line[-1]
        for each in (
            outcome(code=LACKING, said="no pgbackrest"),
            outcome(MET, code=1, said="AssertionError: 2"),
            outcome(),
        )
        for line in rows(each)
    ]

    assert shown == [
        "lacking: no pgbackrest",
        "",
        "failed: AssertionError: 2",
        "states no figure; see what it printed",
    ]


def test_the_last_line_that_is_no_hint_says_what_was_wrong() -> None:
    assert last_said("  3.1 s\nError: no prometheus\nHINT: apt-get install prometheus\n\n") == "no prometheus"
    assert last_said("") == ""


def test_columns_stand_below_each_other_in_wide_letters_too() -> None:
    assert table([("復旧", "1"), ("slack", "2")]) == "復旧   1\nslack  2"


def test_digits_say_as_much_as_was_measured() -> None:
    figures = [(0.0, "of 10"), (2.345, "s"), (43.06, "ms"), (131_234.5, "rows/s")]

    shown = [amount(value, unit) for value, unit in figures]

    assert shown == ["0 of 10", "2.35 s", "43.1 ms", "131,234 rows/s"]


def test_figures_are_stated_only_to_who_asks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(PLACE, raising=False)
    state("lag", 43.1, "ms", most=50)
    monkeypatch.setenv(PLACE, str(tmp_path / "figures"))
    state("lag", 43.06, "ms", most=50)
    state("deploy", 3.2, "s", peer=("Capistrano", 6.4))

    assert stated(tmp_path / "figures") == [MET, Figure("deploy", 3.2, "s", peer="Capistrano", peers=6.4)]
    assert stated(tmp_path / "none") == []


def test_what_the_tests_would_skip_for_is_lacking() -> None:
    with pytest.raises(Lacking, match="needs root") as lacking, parts_of_tests():
        pytest.skip("needs root")

    assert lacking.value.exit_code == LACKING


def test_a_benchmark_that_lacks_something_says_so_in_the_table(
    capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    with pytest.raises(SystemExit) as ended:
        main(["--only", "memory"])

    assert ended.value.code == LACKING
    assert "lacking: no `toban up` runs in var" in capfd.readouterr().out
