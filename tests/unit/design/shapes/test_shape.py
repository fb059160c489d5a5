from toban.design.clauses.monitoring import Monitor
from toban.design.shapes.shape import identity


def test_an_id_is_chapter_kind_and_key_with_width_and_spaces_folded() -> None:
    assert identity(Monitor, "ＤＢ サーバー", "CPU 使用率") == "monitoring/monitor/DB-サーバー/CPU-使用率"


def test_an_id_of_250_characters_is_not_shortened() -> None:
    key = "長" * (250 - len("monitoring/monitor/"))

    assert identity(Monitor, key) == f"monitoring/monitor/{key}"


def test_longer_ids_are_cut_and_still_differ() -> None:
    one, other = identity(Monitor, "長" * 400 + "い"), identity(Monitor, "長" * 400 + "う")

    assert len(one) == len(other) == 250
    assert one != other
