"""Why a stage passed or stopped a notification: the answers to "why was I (not) notified?"."""

from enum import StrEnum


def _(text: str) -> str:
    """Mark *text* for the translation catalogues; the stages that use it know nothing of translation."""
    return text


class Reason(StrEnum):
    """The reason for a stage's decision; the value is what is stored."""

    # route
    MATRIX_ROW = "matrix-row"
    TOLD_BEFORE = "told-before"
    OFF_HOURS = "off-hours"
    ESCALATED = "escalated"
    ACKNOWLEDGED = "acknowledged"
    NO_MATRIX_ROW = "no-matrix-row"
    UNBOUND_ROLE = "unbound-role"
    NOBODY_ON_DUTY = "nobody-on-duty"
    HANDED_OVER = "handed-over"
    UNBOUND_CHANNEL = "unbound-channel"
    UNKNOWN_CHANNEL = "unknown-channel"
    NO_ADDRESS = "no-address"
    PLACEHOLDER = "placeholder"
    # maintenance
    NO_MAINTENANCE = "no-maintenance"
    RECOVERY_PASSES = "recovery-passes"
    IN_MAINTENANCE = "in-maintenance"
    # mute
    NO_CAUSE_ABOVE = "no-cause-above"
    MUTED = "muted"
    # silence
    NOT_SILENCED = "not-silenced"
    SILENCED = "silenced"
    # flap
    STEADY = "steady"
    FLAPPING_TOLD_ONCE = "flapping-told-once"
    FLAPPING = "flapping"
    # dedup
    FIRST = "first"
    WORSE = "worse"
    BETTER = "better"
    RECOVERED = "recovered"
    ALREADY_TOLD = "already-told"
    NEVER_TOLD = "never-told"
    SILENCE_ENDED = "silence-ended"
    RELEASED = "released"
    REPEATED = "repeated"
    # group
    GATHERING = "gathering"


WORDS = {
    Reason.MATRIX_ROW: _("通知の表のこの行が宛先に定めています"),
    Reason.TOLD_BEFORE: _("発生を知らせた相手です"),
    Reason.OFF_HOURS: _("対応時間外で当番がいないので、緊急連絡先に知らせます (仮定)"),
    Reason.ESCALATED: _("引き受けた人がいないので、次の人に知らせます"),
    Reason.ACKNOWLEDGED: _("引き受けた人を、知らせた相手に伝えます"),
    Reason.NO_MATRIX_ROW: _("このレベルの行が通知の表にありません"),
    Reason.UNBOUND_ROLE: _("役割を担う人が決まっていません"),
    Reason.NOBODY_ON_DUTY: _("この時刻に当番の人がいません"),
    Reason.HANDED_OVER: _("当番を渡す人と受ける人に知らせます"),
    Reason.UNBOUND_CHANNEL: _("通知方法が接続されていません"),
    Reason.UNKNOWN_CHANNEL: _("知らない通知方法です"),
    Reason.NO_ADDRESS: _("この通知方法での宛先が決まっていません"),
    Reason.PLACEHOLDER: _("宛先が書き込まれていません"),
    Reason.NO_MAINTENANCE: _("計画メンテナンス中ではありません"),
    Reason.RECOVERY_PASSES: _("復旧は計画メンテナンス中でも知らせます"),
    Reason.IN_MAINTENANCE: _("計画メンテナンス中です。終わっても続いていれば知らせます"),
    Reason.NO_CAUSE_ABOVE: _("これを引き起こしたと分かる別のアラートはありません"),
    Reason.MUTED: _("原因のアラートを知らせてあります"),
    Reason.NOT_SILENCED: _("静かにする指示はありません"),
    Reason.SILENCED: _("人が知らせを止めています。終わっても続いていれば知らせます"),
    Reason.STEADY: _("ばたついていません"),
    Reason.FLAPPING_TOLD_ONCE: _("ばたついているので、一度だけ知らせます"),
    Reason.FLAPPING: _("ばたついています。静かな状態が続くまで復旧としません"),
    Reason.SILENCE_ENDED: _("静かにする期間が終わり、まだ続いています"),
    Reason.RELEASED: _("引き受けが取り消され、いまは引き受けた人がいません"),
    Reason.REPEATED: _("引き受けた人がなく、まだ続いています"),
    Reason.GATHERING: _("知らせが続いているので、少し待ってまとめて送ります"),
    Reason.FIRST: _("最初の知らせです"),
    Reason.WORSE: _("前の知らせより悪くなりました"),
    Reason.BETTER: _("前の知らせより良くなりました"),
    Reason.RECOVERED: _("復旧しました"),
    Reason.ALREADY_TOLD: _("同じことを知らせてあります"),
    Reason.NEVER_TOLD: _("発生を知らせていないので、復旧も知らせません"),
}
"""Each reason in the document's language, as recorded; it is translated when it is shown."""
