"""What a program is told when something went wrong: problem details (RFC 9457)."""

from collections.abc import Mapping
from typing import Any

from toban.message import NOTHING, Message

MEDIA_TYPE = "application/problem+json"


def problem(
    code: str, status: int, detail: Message = NOTHING, hint: Message = NOTHING, **more: object
) -> Mapping[str, Any]:
    """Return the problem *code*, a permanent name, as JSON values in the active language.

    *detail* says what is wrong this time, and *hint* the way out.
    """
    told = {"detail": detail, "hint": hint}
    return {
        "type": f"urn:toban:problem:{code}",
        "title": str(Message(f"api.{code}")),
        "status": status,
        **{name: str(said) for name, said in told.items() if said},
        **({"message": detail.as_output()} if detail else {}),
        **more,
    }
