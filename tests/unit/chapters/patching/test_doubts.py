"""Tables of patches that are valid, and by which nothing would be patched."""

from pathlib import Path

from tests.registered import PARTS

from toban.chapters.patching.doubts import doubts
from toban.chapters.patching.operation import OPERATION
from toban.design.reader import read_design
from toban.engine.bindings.load import read_bindings
from toban.engine.editions.edition import Edition

DOCUMENT = """\
# 運用設計書

## 10. 定期作業
### 月次作業
| 作業項目 | 実施日 | 担当者 | 内容 |
|---|---|---|---|
| セキュリティパッチ適用 | 第2火曜 | 開発担当者 | OSの修正版の適用 |
"""
DESIGN = read_design(DOCUMENT, "運用設計書.md")
(ROW,) = DESIGN.clauses


def group(name: str, host: str, more: str = "") -> str:
    return f"""[patching.{name}]
kind = "apt"
hosts = ["{host}"]
user = "toban"
key = "env:NONE"
known_hosts = "known_hosts"
{more}
"""


def found(text: str) -> list[str]:
    return [str(each) for each in doubts(DESIGN, read_bindings(text, Path("toban.toml"), PARTS.schema))]


def answer(text: str) -> str:
    bindings = read_bindings(text, Path("toban.toml"), PARTS.schema)
    return str(Edition(DESIGN, bindings, PARTS.kinds).plan(OPERATION).rows[ROW.id])


def test_a_host_in_two_groups_is_named_and_nothing_is_patched_until_it_is_in_one() -> None:
    text = group("try", "web-1.example.com", 'stage = "staging"') + group("web", "Web-1.Example.com.")

    (doubt,) = found(text)

    assert doubt.startswith(
        "toban.toml:8: BD011 web-1.example.com が [patching] の複数の表にあります: try、web"
    )
    assert "web-1.example.com" in answer(text)


def test_hosts_of_one_address_and_several_ports_are_different_ones() -> None:
    text = group("try", "gate", "port = 2201") + group("web", "gate", "port = 2202")

    assert found(text) == []
    assert answer(text) == ""


WEB = group("web", "web-1")


def test_a_window_that_is_over_before_the_plan_of_its_day_is_named() -> None:
    early = WEB + '[patches]\nat = "10:00"\nwindow = "毎月第2火曜日 1:00-5:00"\n'

    (doubt,) = found(early)

    assert doubt.startswith("toban.toml:8: BD011 「セキュリティパッチ適用」のパッチは、年 12 回のうち 12 回")
    assert "14日" in doubt
    assert "毎月第2火曜日1:00-5:00" in doubt
    assert "第2火曜" in doubt.splitlines()[1]


def test_a_window_that_follows_in_time_raises_no_doubt() -> None:
    for terms in (
        'window = "毎月第2火曜日 22:00-24:00"',
        'at = "0:30"\nwindow = "毎月第2火曜日 1:00-5:00"',
        'window = "毎月第2火曜日 1:00-5:00"\nwait = "35日"',
        # It has begun, and has room left.
        'at = "10:00"\nwindow = "毎月第2火曜日 9:00-12:00"',
        'window = "毎日 1:00-5:00"',
    ):
        assert found(f"{WEB}[patches]\n{terms}\n") == [], terms


def test_windows_of_the_document_count_and_staging_needs_none() -> None:
    weekly = "# 運用設計書\n## 1. 運用方針\n### サービスレベル\n- **メンテナンス**: {} (計画メンテナンス)\n"

    def named(window: str, stage: str) -> int:
        design = read_design(weekly.format(window) + DOCUMENT.partition("\n")[2], "運用設計書.md")
        text = group("web", "web-1", f'stage = "{stage}"')
        return len(list(doubts(design, read_bindings(text, Path("toban.toml"), PARTS.schema))))

    assert named("毎月第1火曜日 2:00-4:00", "production") == 1
    assert named("毎月第1火曜日 2:00-4:00", "staging") == 0
    assert named("毎月第3日曜日 2:00-4:00", "production") == 0
