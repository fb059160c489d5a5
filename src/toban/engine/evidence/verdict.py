"""The six verdicts on a clause. Silence is never green: no data is NOT_MEASURABLE, never CONFORMING."""

from enum import StrEnum


class Verdict(StrEnum):
    """What reality says of a clause; the order is that of the page's "worst first"."""

    DEVIATING = "deviating"
    """■ 逸脱"""
    NOT_PERFORMED = "not-performed"
    """◆ 未実施"""
    WARNING = "warning"
    """▲ 警告"""
    NOT_MEASURABLE = "not-measurable"
    """? 測定不能"""
    UNBOUND = "unbound"
    """○ 未接続"""
    CONFORMING = "conforming"
    """● 適合"""
