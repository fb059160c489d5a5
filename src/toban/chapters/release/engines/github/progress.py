"""How far a switch by GitHub is, in a file: after a kill it is followed, and not started again."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from toban.engine.supervision.home import write_whole


@dataclass(frozen=True, slots=True)
class SwitchProgress:
    """A switch under way."""

    digest: str
    began_at: str
    """ISO 8601, in UTC."""
    known: Sequence[int] = ()
    """The deployments that were there before it began."""
    run: int = 0
    """The workflow's run; 0 if it is not known yet."""
    deployment: int = 0
    """Toban's record of it on GitHub; 0 if there is none yet."""


class ProgressFile:
    """Keeps the progress of one deployment."""

    def __init__(self, home: Path) -> None:
        self._path = home / "under-way.json"

    def read(self, digest: str) -> SwitchProgress | None:
        """Return how far the switch to *digest* is; None if none is under way."""
        try:
            found = SwitchProgress(**json.loads(self._path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None
        return found if found.digest == digest else None

    def write(self, progress: SwitchProgress) -> None:
        """Keep *progress*."""
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_whole(self._path, json.dumps(asdict(progress)))

    def remove(self) -> None:
        """Forget it: the switch has ended."""
        self._path.unlink(missing_ok=True)
