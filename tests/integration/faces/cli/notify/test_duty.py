"""`toban duty` with a running Toban."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from pytest_django import Settings
from tests.registered import PARTS

from toban.engine.clock import system_clock
from toban.engine.notify.models import DutyOverride
from toban.faces.cli.notify.duty import command

pytestmark = pytest.mark.django_db

DOCUMENT = """# 運用設計書
## 1. 運用方針
### 運用体制
| 役割 | 担当 | 対応時間 |
|---|---|---|
| 運用責任者 | 城間 | 24時間365日 |
| 緊急連絡先 | 田中、中村 (週替わり、月曜10:00交代) | 24時間365日 |
"""
BINDINGS = '[people."田中"]\nname = "田中 ゆい"\nphone = "1"\n[people."中村"]\nphone = "2"\n'

type Duty = Callable[..., Result]


@pytest.fixture
def duty(tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Duty:
    """Call `toban duty` on a home in which nothing has been stored yet."""
    (tmp_path / "運用設計書.md").write_text(DOCUMENT, encoding="utf-8")
    (tmp_path / "toban.toml").write_text(BINDINGS, encoding="utf-8")
    monkeypatch.setenv("TOBAN_DESIGN", str(tmp_path / "運用設計書.md"))
    monkeypatch.delenv("TOBAN_BINDINGS", raising=False)
    settings.HOME = tmp_path / "home"
    parts = PARTS
    return lambda *arguments: CliRunner().invoke(command, arguments, obj=parts)


def test_each_role_has_a_line_with_who_is_on_duty_now_and_next(duty: Duty) -> None:
    manager, emergency = duty("now").output.splitlines()

    assert manager == "運用責任者  城間"
    present, following = (
        ("田中 ゆい", "中村") if "緊急連絡先  田中 ゆい" in emergency else ("中村", "田中 ゆい")
    )
    assert emergency.startswith(f"緊急連絡先  {present}  ")
    assert emergency.endswith(f"から {following}")


def test_json_says_who_is_on_duty_until_when_and_who_is_next(duty: Duty) -> None:
    manager, emergency = json.loads(duty("now", "--format", "json").output)

    assert manager == {
        "role": "運用責任者", "people": [{"key": "運用責任者", "name": "城間"}], "from": None, "until": None,
        "override": None, "clause": "objectives/duty-role/運用責任者", "next": None,
    }  # fmt: skip
    ends, begins = (datetime.fromisoformat(each) for each in (emergency["until"], emergency["next"]["from"]))
    assert ends == begins
    assert timedelta(0) < ends - system_clock() <= timedelta(days=7)
    assert (begins.strftime("%a %H:%M"), begins.utcoffset()) == ("Mon 10:00", timedelta(hours=9))
    assert emergency["people"] != emergency["next"]["people"]


def test_upcoming_turns_are_listed_for_all_or_for_one_person(duty: Duty) -> None:
    every = json.loads(duty("next", "--days", "28", "--format", "json").output)
    one = json.loads(duty("next", "--days", "28", "--person", "中村", "--format", "json").output)

    assert len(every) == 5
    assert {each["people"][0]["key"] for each in one} == {"中村"}
    assert "緊急連絡先" in duty("next").output


def test_upcoming_turns_can_be_exported_as_icalendar(duty: Duty) -> None:
    text = duty("next", "--format", "ics").output

    assert text.startswith("BEGIN:VCALENDAR")
    assert "SUMMARY:緊急連絡先 田中 ゆい" in text


def test_a_deputy_can_be_set_listed_and_ended(duty: Duty) -> None:
    given = duty("override", "運用責任者", "中村", "--for", "3時間", "--reason", "通院")
    made = DutyOverride.objects.get()

    assert given.exit_code == 0
    assert f"代理 {made.pk}  運用責任者  中村" in given.output
    assert "代理" in duty("now").output.splitlines()[0]
    (listed,) = json.loads(duty("override", "--list", "--format", "json").output)
    assert (listed["role"], listed["person"], listed["reason"]) == ("運用責任者", "中村", "通院")
    assert duty("override", "--end", str(made.pk)).output == f"代理 {made.pk} を終了しました\n"
    assert duty("override", "--list").output == "代理はありません\n"


@pytest.mark.parametrize(
    ("arguments", "status", "complaint"),
    [
        (("運用責任者", "中村", "--for", "3時間"), 1, "理由が必要です"),
        (("運用責任者", "中村", "--reason", "x"), 1, "終了時刻がありません"),
        (("運用責任者", "だれか", "--for", "1時間", "--reason", "x"), 1, "HINT: "),
        (("当直", "中村", "--for", "1時間", "--reason", "x"), 1, "「当直」という役割はありません"),
        (("--end", "4711"), 1, "有効な代理 4711 はありません"),
        (("運用責任者",), 2, "役割と、代理の人の名前"),
        (("運用責任者", "中村", "--until", "あした"), 2, "時刻ではありません"),
    ],
)
def test_an_invalid_override_is_refused_with_a_hint(
    duty: Duty, arguments: tuple[str, ...], status: int, complaint: str
) -> None:
    answer = duty("override", *arguments)

    assert answer.exit_code == status
    assert complaint in answer.output
    assert not DutyOverride.objects.exists()


def test_without_a_running_toban_a_hint_says_how_to_point_to_one(
    duty: Duty, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TOBAN_DESIGN")

    answer = duty("now")

    assert answer.exit_code == 2
    assert "ここで動いている文書がありません" in answer.output
