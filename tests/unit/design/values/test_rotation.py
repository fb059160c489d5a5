import pytest

from toban.design.clauses.duty import DutyRole
from toban.design.reader import read_design
from toban.design.values.rotation import read_rotation


@pytest.mark.parametrize(
    ("text", "people", "handover"),
    [
        ("田中、中村 (週替わり)", ("田中", "中村"), "毎週月曜 09:00"),
        ("田中・中村（週替わり、月曜10:00交代）", ("田中", "中村"), "毎週月曜 10:00"),
        ("田中・中村（週替わり、10:00交代）", ("田中", "中村"), "毎週月曜 10:00"),
        ("佐藤, 鈴木 (日替わり、10:00交代)", ("佐藤", "鈴木"), "日次 10:00"),
        ("佐藤, 鈴木, 伊波 (daily)", ("佐藤", "鈴木", "伊波"), "日次 09:00"),
        ("A → B → C (輪番)", ("A", "B", "C"), "毎週月曜 09:00"),
        ("Ann and Bob (weekly rotation)", ("Ann", "Bob"), "毎週月曜 09:00"),
        ("田中、中村（毎月1日 9:00交代）", ("田中", "中村"), "毎月1日 09:00"),
    ],
)
def test_people_in_a_rotation_are_read_with_their_handover(
    text: str, people: tuple[str, ...], handover: str
) -> None:
    found = read_rotation(text)

    assert found is not None
    assert (found.people, str(found.handover)) == (people, handover)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[氏名]",
        "田中、中村",
        "田中 (週替わり)",
        "田中 (主担当)",
        "田中、中村 (平日9:00-18:00)",
        "田中、中村 (内線 1234)",
        "田中、中村 (週替わり) と佐藤",
    ],
)
def test_names_without_a_word_for_turns_are_not_a_rotation(text: str) -> None:
    assert read_rotation(text) is None


@pytest.mark.parametrize(
    ("holder", "assumed"),
    [
        ("田中、中村（週替わり）", ("田中、中村 は 毎週月曜 09:00 に交代すると解釈しました",)),
        ("田中、中村（週替わり、10:00交代）", ("田中、中村 は 毎週月曜 10:00 に交代すると解釈しました",)),
        ("田中、中村（毎週月曜10:00交代）", ()),
        ("田中", ()),
    ],
)
def test_an_unspecified_handover_time_is_an_assumption(holder: str, assumed: tuple[str, ...]) -> None:
    table = "| 役割 | 担当 | 対応時間 |\n|---|---|---|\n"
    read = read_design(
        f"# 運用設計書\n\n## 1. 運用方針\n\n### 運用体制\n{table}| 当番 | {holder} | 24時間365日 |\n", "d.md"
    )

    assert tuple(map(str, read.of(DutyRole)[0].assumptions)) == assumed


def test_a_list_entry_on_duty_is_read_with_its_hours_and_rotation() -> None:
    read = read_design(
        "# 運用設計書\n\n## 1. 運用方針\n\n### 体制\n- **当番**: 田中、中村（週替わり）24時間365日\n", "d.md"
    )

    (role,) = read.of(DutyRole)
    assert role.rotation is not None
    assert (role.rotation.people, str(role.hours)) == (("田中", "中村"), "24時間365日")
