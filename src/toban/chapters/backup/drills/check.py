"""One check of a restored server, as the drill's row and the evidence keep it."""

from collections.abc import Mapping
from dataclasses import dataclass

from toban.chapters.backup.models import Drill
from toban.engine.message_field import storable
from toban.message import NOTHING, Message, from_json

RESULTS: Mapping[bool | None, Message] = {
    True: Message("backup.passed"),
    False: Message("backup.not-passed"),
    None: Message("backup.undecided"),
}


@dataclass(frozen=True, slots=True)
class Check:
    """One check of the restored server."""

    name: Message
    passed: bool | None
    """None: it could not be determined, which never counts as passed."""
    found: Message
    wanted: Message = NOTHING

    def as_json(self) -> Mapping[str, object]:
        """Return it as `checks_of` reads it."""
        return {
            "name": storable(self.name).as_json(),
            "passed": self.passed,
            "found": storable(self.found).as_json(),
            "wanted": storable(self.wanted).as_json(),
        }

    def as_output(self) -> Mapping[str, object]:
        """Return it as the commands print it in JSON, with the sentences."""
        return {
            "name": self.name.as_output(),
            "passed": self.passed,
            "found": self.found.as_output(),
            "wanted": self.wanted.as_output(),
        }


def checks_of(drill: Drill) -> list[Check]:
    """Return the checks of *drill*, in order."""
    return [
        Check(
            from_json(each["name"]),
            each["passed"],
            from_json(each["found"]),
            from_json(each.get("wanted")),
        )
        for each in drill.checks
    ]
