import pytest

from toban.design.clauses.monitoring import Monitor
from toban.design.shapes.limits import read_limit
from toban.design.shapes.sentence import schedule_within, several
from toban.design.shapes.shape import identity


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("CloudWatch / Datadog", ("CloudWatch", "Datadog")),
        ("New Relic / Datadog APM", ("New Relic", "Datadog APM")),
        ("Wiki/Git", ("Wiki", "Git")),
        ("再起動、切り替え", ("再起動", "切り替え")),
        ("再起動 (手動、自動)、切り替え", ("再起動 (手動、自動)", "切り替え")),
        ("- 一\n- 二", ("一", "二")),
        ("/var/log/app.log", ("/var/log/app.log",)),
        ("docs/手順.md", ("docs/手順.md",)),
        ("", ()),
    ],
)
def test_a_list_of_names_is_split(text: str, names: tuple[str, ...]) -> None:
    assert several(text) == names


def test_a_count_in_a_row_means_that_many_consecutive_failures() -> None:
    for text in ("連続3回", "3回連続", "連続 3 回失敗", "3 consecutive failures"):
        limit = read_limit(text)
        assert limit is not None
        assert limit.consecutive == 3
        assert limit.limit.value == 1


@pytest.mark.parametrize("text", ["1000メッセージ以上滞留", "予想の120%超過", "適宜", ""])
def test_a_limit_that_would_lose_its_meaning_is_not_read(text: str) -> None:
    assert read_limit(text) is None


def test_an_id_contains_no_characters_of_its_own_syntax() -> None:
    assert identity(Monitor, "Web/API", "CPU #1~2?") == "monitoring/monitor/Web-API/CPU-1-2"


@pytest.mark.parametrize(
    ("sentence", "said"),
    [
        ("手順書は半年ごとに読み合わせる", "半期毎"),
        ("手順書は毎週木曜 9:00 に読み合わせる", None),
        ("日次（平日のみ）で読み合わせる", None),
        ("毎月読み合わせ、四半期ごとに改める", None),
    ],
)
def test_a_sentence_gives_a_schedule_only_if_it_says_no_more_of_time(sentence: str, said: str | None) -> None:
    schedule = schedule_within(sentence)

    assert (schedule and str(schedule)) == said
