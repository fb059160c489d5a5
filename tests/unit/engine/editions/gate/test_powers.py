"""What a new version would newly run, reach and trust."""

from pathlib import Path

from tests.registered import PARTS

from toban.design.reader import read_design
from toban.engine.bindings.load import read_bindings
from toban.engine.editions.edition import Edition
from toban.engine.editions.gate.powers import changes, digest_of, powers_of

DESIGN = """\
# 運用設計書

## 体制

### 運用体制
| 役割 | 担当 | 対応時間 |
|---|---|---|
| 運用責任者 | 田中、鈴木 (週替わり) | 24時間365日 |

## セキュリティ
### アクセス管理
| 項目 | 内容 |
|---|---|
| MFA | 本番環境は必須 |

## 監視

### 監視項目
| 対象 | 監視項目 | 正常範囲 | 警告 | 異常 | 監視間隔 |
|---|---|---|---|---|---|
| Web | CPU使用率 | 0-60% | 70% | 85% | 1分 |
"""
BINDINGS = '[batches.B1]\ncommand = ["./a", "x"]\n[people."田中"]\naccount = "tanaka"\n'


def edition(bindings: str = BINDINGS, design: str = DESIGN) -> Edition:
    return Edition(read_design(design, "ops.md"), read_bindings(bindings, Path("toban.toml"), PARTS.schema))


def running(*works: str) -> dict[str, tuple[str, ...]]:
    return dict.fromkeys(works, ())


def said(old: Edition, new: Edition, *works: str) -> list[str]:
    before, after = powers_of(old, running("B1")), powers_of(new, running("B1", *works))
    return [str(each.said) for each in changes(before, after)]


def test_thresholds_and_times_bring_nothing_new() -> None:
    assert said(edition(), edition(design=DESIGN.replace("85%", "90%"))) == []


def test_a_changed_command_is_shown_old_and_new_as_it_is_written() -> None:
    assert said(edition(), edition(BINDINGS.replace("./a", "./b"))) == [
        '~ batches.B1.command: ["./a", "x"] → ["./b", "x"]'
    ]


def test_signs_that_cannot_be_seen_are_shown() -> None:
    hidden = BINDINGS.replace("./a", "./a\\u202e\\u200b　")

    (shown,) = said(edition(), edition(hidden))

    assert shown.endswith('["./a\\u202e\\u200b\\u3000", "x"]')
    assert shown.isprintable()


def test_a_row_that_makes_a_bound_command_run_is_a_change_and_one_that_stops_it_is_not() -> None:
    assert said(edition(), edition(), "B2") == ["+ 「B2」を実行します"]
    assert changes(powers_of(edition(), running("B1", "B2")), powers_of(edition(), running("B1"))) == ()


def test_what_lets_a_work_run_is_a_change() -> None:
    before, after = ({"release/production": ("manual", approver)} for approver in ("運用責任者", ""))

    found = changes(powers_of(edition(), before), powers_of(edition(), after))

    assert [str(each.said) for each in found] == [
        '~ 「release/production」を実行する条件: ["manual", "運用責任者"] → ["manual", ""]'
    ]


def test_who_holds_a_role_is_a_change_in_the_document_as_in_the_bindings() -> None:
    (turns,) = said(edition(), edition(design=DESIGN.replace("田中、鈴木", "江部、鈴木")))
    (account,) = said(edition(), edition(BINDINGS.replace('"tanaka"', '"eve"')))

    assert turns.startswith("~ 役割「運用責任者」: ")
    assert "江部 → 鈴木" in turns
    assert account == '~ people.田中.account: "tanaka" → "eve"'.replace("田中", '"田中"')


def test_another_order_of_roles_is_another_approver() -> None:
    row, other = (
        "| 運用責任者 | 田中、鈴木 (週替わり) | 24時間365日 |\n",
        "| 運用管理者 | 江部 | 24時間365日 |\n",
    )
    former, swapped = (edition(design=DESIGN.replace(row, each)) for each in (row + other, other + row))

    assert said(former, swapped) == ['~ 運用責任者とみなす役割: "運用責任者" → "運用管理者"']


def test_a_weaker_way_to_sign_in_is_a_change() -> None:
    (weaker,) = said(
        edition(), edition(design=DESIGN.replace("| MFA | 本番環境は必須 |\n", "| 監査 | 四半期 |\n"))
    )

    assert weaker.startswith("サインインの条件が変わります")


def test_what_is_removed_from_the_bindings_is_a_change() -> None:
    assert said(edition(), edition('[batches.B1]\ncommand = ["./a", "x"]\n')) == [
        '- people."田中".account = "tanaka"'
    ]


def test_equal_powers_have_equal_digests_in_any_order() -> None:
    first, other = '[people."田中"]\naccount = "tanaka"\n', '[batches.B1]\ncommand = ["./a", "x"]\n'

    digests = [
        digest_of(powers_of(edition(text), running("B1"))) for text in (first + other, other + first, other)
    ]

    assert digests[0] == digests[1] != digests[2]
