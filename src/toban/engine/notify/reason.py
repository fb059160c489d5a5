"""Why a stage passed or stopped a notice: the answers to "why was I (not) told?"."""

from enum import StrEnum


class Reason(StrEnum):
    """The last word of a stage; the value is what is stored."""

    # route
    MATRIX_ROW = "matrix-row"
    TOLD_BEFORE = "told-before"
    NO_MATRIX_ROW = "no-matrix-row"
    UNBOUND_ROLE = "unbound-role"
    UNBOUND_CHANNEL = "unbound-channel"
    NO_ADDRESS = "no-address"
    PLACEHOLDER = "placeholder"
    # maintenance
    NO_MAINTENANCE = "no-maintenance"
    RECOVERY_PASSES = "recovery-passes"
    IN_MAINTENANCE = "in-maintenance"
    # dedup
    FIRST = "first"
    WORSE = "worse"
    BETTER = "better"
    RECOVERED = "recovered"
    ALREADY_TOLD = "already-told"
    NEVER_TOLD = "never-told"


WORDS = {
    Reason.MATRIX_ROW: "通知の表のこの行が宛先に定めています",
    Reason.TOLD_BEFORE: "発生を知らせた相手です",
    Reason.NO_MATRIX_ROW: "このレベルの行が通知の表にありません",
    Reason.UNBOUND_ROLE: "役割を担う人が決まっていません",
    Reason.UNBOUND_CHANNEL: "通知方法が接続されていません",
    Reason.NO_ADDRESS: "この通知方法での宛先が決まっていません",
    Reason.PLACEHOLDER: "宛先が書き込まれていません",
    Reason.NO_MAINTENANCE: "計画メンテナンス中ではありません",
    Reason.RECOVERY_PASSES: "復旧は計画メンテナンス中でも知らせます",
    Reason.IN_MAINTENANCE: "計画メンテナンス中です。終わっても続いていれば知らせます",
    Reason.FIRST: "最初の知らせです",
    Reason.WORSE: "前の知らせより悪くなりました",
    Reason.BETTER: "前の知らせより良くなりました",
    Reason.RECOVERED: "復旧しました",
    Reason.ALREADY_TOLD: "同じことを知らせてあります",
    Reason.NEVER_TOLD: "発生を知らせていないので、復旧も知らせません",
}
"""Each reason for people."""
