import pytest

from toban.design.clauses.capacity import ScalingRule, names_group
from toban.design.reader import read_design


@pytest.mark.parametrize(
    ("action", "group", "is_named"),
    [
        ("Webサーバー/APIサーバー1台追加", "Webサーバー", True),
        ("Webサーバー/APIサーバー1台追加", "APIサーバー", True),
        ("Ｗｅｂサーバー／ＡＰＩサーバー１台追加", "APIサーバー", True),
        ("Webサーバー/APIサーバー1台追加", "API", False),
        ("Webサーバー/APIサーバー1台追加", "Web", False),
        ("Webサーバー/APIサーバー1台追加", "サーバー", False),
        ("WebサーバーとAPIサーバーを1台追加", "APIサーバー", True),
        ("Web1台追加", "Web", True),
        ("Add 1 web server", "web server", True),
        ("Add 1 webserver", "web server", True),
        ("Add 1 web server", "web", True),
        ("Add 1 webhook worker", "web", False),
        ("Webサーバー1台追加", "", False),
    ],
)
def test_a_rule_is_about_the_groups_that_its_action_names(action: str, group: str, is_named: bool) -> None:
    head = "## キャパシティ管理\n### スケーリング\n| トリガー | アクション | タイミング |\n|-|-|-|\n"
    design = read_design(f"{head}| CPU使用率70%が30分継続 | {action} | 自動 |\n", "運用設計書.md")
    (rule,) = design.of(ScalingRule)

    assert names_group(rule, group) is is_named
