"""The port at which subjects of approvals say what follows from an answer."""

from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from toban.engine.registry.ports import Port

if TYPE_CHECKING:
    from toban.engine.approvals.answers import Giver
    from toban.engine.approvals.models import ApprovalRequest


class ApprovalEffect(Protocol):
    """What follows from answers about one kind of subject."""

    @property
    def kind(self) -> str:
        """The part of the subject's name before the slash."""

    @property
    def needs_shell_for_emergencies(self) -> bool:
        """Whether only somebody with a shell on the server may go ahead without approval."""

    @property
    def is_answered_by_api(self) -> bool:
        """Whether a token may answer; what decides over Toban itself takes a proof, on its page."""

    def settle(self, request: "ApprovalRequest", by: "Giver", note: str, now: datetime) -> None:
        """Act by the request's state, in the caller's transaction; raise `NotPossible` to undo the answer.

        The request is still open if more people must approve.
        """


APPROVAL_EFFECTS = Port[ApprovalEffect]("approval-effects")
