"""`toban drill incident`: what it says before, what it shows afterwards, and its exit statuses."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner, Result
from tests.integration.chapters.incident.gameday.day import DOCUMENT, KEY, Day
from tests.registered import PARTS

from toban.chapters.incident.gameday import holding
from toban.chapters.incident.models import GameDay
from toban.design.reader import read_design
from toban.engine.bindings.load import read_bindings
from toban.engine.editions.edition import Edition
from toban.engine.evidence.models import LedgerEntry
from toban.engine.modes.rules import Mode
from toban.engine.paper import NoFont, font
from toban.engine.runs import orders
from toban.engine.runs.models import Run
from toban.engine.runs.work import StepFailed
from toban.faces.cli.incident import drill

pytestmark = pytest.mark.django_db


@pytest.fixture
def day(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Day:
    """A game day that is in force, and that a worker holds as soon as it is ordered."""
    monkeypatch.setattr(holding, "_LOOK", 0.0)
    day = Day(tmp_path)
    monkeypatch.setattr(drill, "edition_of", lambda _parts: day.edition)
    monkeypatch.setattr(drill, "system_clock", day.clock)
    return day


def bind(monkeypatch: pytest.MonkeyPatch, mode: Mode) -> None:
    """Have the row's first remedy be bound in *mode*."""
    config = SimpleNamespace(mode=mode)
    remedy = SimpleNamespace(name="プロセス再起動", key="remedy/プロセス再起動", config=config)
    monkeypatch.setattr("toban.chapters.incident.plan.IncidentPlan.remedies_of", lambda *_: [remedy])


def answering(monkeypatch: pytest.MonkeyPatch, day: Day, *, with_answer: bool) -> None:
    """Have a worker hold what is ordered; *with_answer*: the whole chain answers."""

    def order(key: str, *_: object, **__: object) -> Run:
        assert key == KEY
        try:
            day.do("break")
            if with_answer:
                day.answer()
            else:
                day.now += day.planned.config.within
            day.do("watch", "restore", "certify")
        except StepFailed:
            day.run.state = Run.State.FAILED
        else:
            day.run.state = Run.State.DONE
        day.run.save()
        return day.run

    monkeypatch.setattr(orders, "order", order)


def run(*words: str, said: str = "") -> Result:
    return CliRunner().invoke(drill.command, words, obj=PARTS, input=said)


def test_it_says_what_it_breaks_and_what_should_mend_it_and_asks(
    day: Day, monkeypatch: pytest.MonkeyPatch
) -> None:
    bind(monkeypatch, Mode.ACT)

    asked = run(said="n\n")

    assert asked.exit_code == 1
    assert "Webサーバーダウン: " in asked.output
    assert "対処: プロセス再起動" in asked.output
    assert "壊してよいですか" in asked.output
    assert not day.is_broken
    assert not LedgerEntry.objects.exists()


@pytest.mark.parametrize(
    ("mode", "said"),
    [(Mode.SHADOW, "試行中で、記録するだけです"), (Mode.ASK, "承認を待ち")],
)
def test_a_remedy_that_will_not_act_is_said_before(
    day: Day, monkeypatch: pytest.MonkeyPatch, mode: Mode, said: str
) -> None:
    bind(monkeypatch, mode)

    assert said in run(said="n\n").output
    assert not day.is_broken


def test_what_is_passed_ends_with_0_and_shows_every_time(day: Day, monkeypatch: pytest.MonkeyPatch) -> None:
    bind(monkeypatch, Mode.ACT)
    answering(monkeypatch, day, with_answer=True)

    done = run("--yes")

    assert done.exit_code == 0, done.output
    assert "● 合格  Webサーバーダウン" in done.output
    assert "● 検知: " in done.output
    assert "(上限 1分)" in done.output
    assert not day.is_broken


def test_what_is_not_passed_ends_with_1_and_says_what_is_missing(
    day: Day, monkeypatch: pytest.MonkeyPatch
) -> None:
    answering(monkeypatch, day, with_answer=False)

    done = run("Webサーバーダウン", "--yes")

    assert done.exit_code == 1
    assert "■ 不合格  Webサーバーダウン" in done.output
    assert "■ 検知: 確認できず" in done.output


def test_programs_get_json_and_nothing_else(day: Day, monkeypatch: pytest.MonkeyPatch) -> None:
    bind(monkeypatch, Mode.ACT)
    answering(monkeypatch, day, with_answer=True)

    (held,) = json.loads(run("--yes", "--format", "json").stdout)

    assert (held["failure"], held["state"]) == ("Webサーバーダウン", "passed")
    alert = held["parts"][0]
    assert (alert["part"], alert["passed"], alert["limit_seconds"]) == ("alert", True, 60.0)
    assert held["evidence"] == LedgerEntry.objects.latest("sequence").sequence


def test_the_certificate_is_written_where_it_is_wanted(
    day: Day, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    try:
        font()
    except NoFont:
        pytest.skip("needs a Japanese font")
    bind(monkeypatch, Mode.ACT)
    answering(monkeypatch, day, with_answer=True)

    done = run("--yes", "--pdf", str(tmp_path / "certificates"))

    assert done.exit_code == 0
    (file,) = (tmp_path / "certificates").iterdir()
    assert file.name == f"game-day-{GameDay.objects.get().pk}.pdf"
    assert file.read_bytes().startswith(b"%PDF")


def test_an_unknown_failure_names_those_that_are_bound(day: Day) -> None:
    done = run("停電", "--yes")

    assert done.exit_code == 2
    assert "Webサーバーダウン" in done.stderr
    assert day.run.state == Run.State.RUNNING


def test_without_a_fault_it_says_how_to_bind_one(day: Day, monkeypatch: pytest.MonkeyPatch) -> None:
    read = read_bindings("", day.folder / "toban.toml", PARTS.schema)
    bare = Edition(read_design(DOCUMENT, "運用設計書.md"), read, PARTS.kinds)
    monkeypatch.setattr(drill, "edition_of", lambda _parts: bare)

    done = run("--yes")

    assert done.exit_code == 2
    assert "HINT: " in done.stderr
    assert "faults" in done.stderr


def test_on_top_of_real_trouble_it_is_not_held(day: Day) -> None:
    day.incident(day.alert(resolved_at=day.now))

    done = run("--yes")

    assert done.exit_code == 3
    assert "未完了" in done.stderr
    assert not day.is_broken
