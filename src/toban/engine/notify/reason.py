"""Why a stage passed or stopped a notification: the answers to "why was I (not) notified?"."""

from enum import StrEnum

from toban.message import Message


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
    CONCERNED = "concerned"
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
    CAUSE_UNDECIDED = "cause-undecided"
    CAUSE_UNTOLD = "cause-untold"
    OTHERS_DOWN = "others-down"
    # silence
    NOT_SILENCED = "not-silenced"
    SILENCED = "silenced"
    # exception
    NO_EXCEPTION = "no-exception"
    EXCEPTED = "excepted"
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
    GROUP_ONGOING = "group-ongoing"
    STILL_WRONG = "still-wrong"
    REPEATED = "repeated"
    CAME_AND_WENT = "came-and-went"
    # timing
    TIME_HAS_COME = "time-has-come"
    NOT_LASTED_YET = "not-lasted-yet"
    OUTSIDE_HOURS = "outside-hours"
    FOR_DIGEST = "for-digest"
    # group
    GATHERING = "gathering"

    @property
    def said(self) -> Message:
        """The reason as a sentence; its code names the reason wherever alerts are filtered by it."""
        return Message(f"notify.reason-{self.value}")


NO_NEWS = (NoticeReason.ALREADY_TOLD, NoticeReason.NEVER_TOLD)
"""Reasons that a stage repeats while nothing happens."""


def reason_of(message: Message) -> Message | None:
    """Return the reason in *message*, without what is added to it; None for texts from elsewhere."""
    why = message.values.get("why")
    reason = why if isinstance(why, Message) else message
    return None if reason.code.startswith("common.") or not reason else reason
