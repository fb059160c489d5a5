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
