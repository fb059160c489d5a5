"""Why a stage passed or stopped a notification: the answers to "why was I (not) notified?"."""

from enum import StrEnum


def _(text: str) -> str:
    """Mark *text* for the translation catalogues; the stages that use it know nothing of translation."""
    return text


class NoticeReason(StrEnum):
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
    NoticeReason.MATRIX_ROW: _("通知の表のこの行が通知先に定めています"),
    NoticeReason.TOLD_BEFORE: _("発生を通知した相手です"),
    NoticeReason.OFF_HOURS: _("対応時間外で当番がいないため、緊急連絡先に通知します (仮定)"),
    NoticeReason.ESCALATED: _("未対応のため、次の人にエスカレーションします"),
    NoticeReason.ACKNOWLEDGED: _("対応の開始を、通知済みの相手に伝えます"),
    NoticeReason.NO_MATRIX_ROW: _("このレベルの行が通知の表にありません"),
    NoticeReason.UNBOUND_ROLE: _("役割の担当者が決まっていません"),
    NoticeReason.NOBODY_ON_DUTY: _("この時刻に当番の人がいません"),
    NoticeReason.HANDED_OVER: _("当番を引き継ぐ人と引き継がれる人に通知します"),
    NoticeReason.UNBOUND_CHANNEL: _("通知方法が接続されていません"),
    NoticeReason.UNKNOWN_CHANNEL: _("対応していない通知方法です"),
    NoticeReason.NO_ADDRESS: _("この通知方法での宛先が決まっていません"),
    NoticeReason.PLACEHOLDER: _("宛先が見本のままです"),
    NoticeReason.NO_MAINTENANCE: _("メンテナンス中ではありません"),
    NoticeReason.RECOVERY_PASSES: _("復旧はメンテナンス中でも通知します"),
    NoticeReason.IN_MAINTENANCE: _("メンテナンス中です。終了時に継続中なら通知します"),
    NoticeReason.NO_CAUSE_ABOVE: _("原因となる別のアラートはありません"),
    NoticeReason.MUTED: _("原因のアラートを通知済みのため抑制しています"),
    NoticeReason.NOT_SILENCED: _("ミュートされていません"),
    NoticeReason.SILENCED: _("ミュート中です。終了時に継続中なら通知します"),
    NoticeReason.STEADY: _("フラッピングしていません"),
    NoticeReason.FLAPPING_TOLD_ONCE: _("フラッピング中のため、一度だけ通知します"),
    NoticeReason.FLAPPING: _("フラッピング中です。状態が安定するまで復旧としません"),
    NoticeReason.SILENCE_ENDED: _("ミュートが終了し、まだ継続中です"),
    NoticeReason.RELEASED: _("対応が取り消され、未対応に戻りました"),
    NoticeReason.REPEATED: _("未対応のまま継続中です"),
    NoticeReason.GATHERING: _("通知が続いているため、次の通知はグループ化して送ります"),
    NoticeReason.FIRST: _("最初の通知です"),
    NoticeReason.WORSE: _("前回の通知より悪化しました"),
    NoticeReason.BETTER: _("前回の通知より改善しました"),
    NoticeReason.RECOVERED: _("復旧しました"),
    NoticeReason.ALREADY_TOLD: _("同じ内容を通知済みです"),
    NoticeReason.NEVER_TOLD: _("発生を通知していないため、復旧も通知しません"),
}
"""Each reason in the document's language, as recorded; it is translated when it is shown."""
