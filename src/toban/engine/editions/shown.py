"""What pages show of the editions: the process that serves them proposes none, and says which one waits."""

from dataclasses import replace

from toban.engine.editions import records
from toban.engine.editions.edition import Edition, EditionRefusal
from toban.engine.editions.inforce import EditionInForce
from toban.message import from_json


class ShownEditions:
    """The edition in force, and why the files' contents are not, also if another process decided that.

    Call `look` after each refresh of *in_force*.
    """

    def __init__(self, in_force: EditionInForce) -> None:
        self._in_force = in_force
        self._waiting: EditionRefusal | None = None

    @property
    def edition(self) -> Edition | None:
        """The edition in force; None while no version could be read."""
        return self._in_force.edition

    @property
    def refusal(self) -> EditionRefusal | None:
        """Why the files' current contents are not in force; None when they are."""
        return self._in_force.refusal or self._waiting

    def look(self) -> None:
        """Find out whether what stands in this node's files waits for people, as the evidence has it."""
        left = self._in_force.left
        entry = records.waiting() if left is not None else None
        self._waiting = None
        if left is None or left.awaits is None or entry is None:
            return
        if records.names(entry) == left.awaits.digests:
            reason, approval = from_json(entry.content["reason"]), records.need_of(entry)
            self._waiting = replace(left, reason=reason, approval=approval)
