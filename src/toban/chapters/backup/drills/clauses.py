"""Which rows of the document order restore drills. Pure."""

import re

from toban.design.clauses.routine import Routine

_RESTORE = r"リストア|復元|復旧|restore|recovery"
_TEST = r"テスト|訓練|演習|検証|確認|test|drill|rehears|exercise"
_DRILL = re.compile(rf"(?:{_RESTORE}).*(?:{_TEST})|(?:{_TEST}).*(?:{_RESTORE})", re.IGNORECASE)


def is_drill(routine: Routine) -> bool:
    """Whether *routine* is a test of restores: バックアップリストアテスト, 復旧訓練, restore drill."""
    return _DRILL.search(routine.name) is not None
