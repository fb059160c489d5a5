"""A judge of readings that is written apart from Toban's, after the manual: slow, and simple.

It reads everything, keeps no watch and skips nothing. It knows upper thresholds only.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from toban.chapters.monitoring.limits import MonitorLimits

GOOD, WARN, CRIT = "good", "warning", "critical"
_GRADE = [GOOD, WARN, CRIT]

type Readings = Sequence[tuple[datetime, float]]
type Found = list[tuple[datetime, str, datetime | None]]
"""Beginning, worst condition and end of each alert."""


def slowly(readings: Readings, demands: MonitorLimits) -> Found:
    """Return the alerts that *readings* raise."""
    judge = _Judge(demands)
    for at, value in readings:
        judge.look(at, value)
    return judge.found


class _Judge:
    def __init__(self, demands: MonitorLimits) -> None:
        self.found: Found = []
        self._demands = demands
        self._limits = {WARN: demands.warning, CRIT: demands.critical}
        self._last: datetime | None = None
        self._known = GOOD
        """What the last values amounted to, also while nothing is heard."""
        self._forget()

    def _forget(self) -> None:
        """Nothing was heard for too long: what holds is open, and every count begins again."""
        self._level = ""
        self._since: dict[str, datetime | None] = {WARN: None, CRIT: None}
        self._calm: list[tuple[datetime, str]] = []

    def look(self, at: datetime, value: float) -> None:
        if self._last is not None and at - self._last >= self._demands.patience:
            self._forget()
        self._last = at
        reached = {name: self._reaches(name, value) for name in (WARN, CRIT)}
        for name, is_reached in reached.items():
            self._since[name] = (self._since[name] or at) if is_reached else None
        current = self._level or self._known
        supported = min(self._alone(value, reached), current, key=_GRADE.index)
        wanted = max(self._held(at), supported, key=_GRADE.index)
        if not self._level and wanted == GOOD and any(reached.values()):
            return
        if not self._level or _GRADE.index(wanted) >= _GRADE.index(self._level):
            self._settle(wanted)
        else:
            self._ease(at, wanted)
        self._tell(at)

    def _reaches(self, name: str, value: float) -> bool:
        limit = self._limits[name]
        return limit is not None and value >= limit.value

    def _held(self, at: datetime) -> str:
        """Return the worst level whose threshold has been reached for as long as the row says."""
        for name in (CRIT, WARN):
            limit, since = self._limits[name], self._since[name]
            if limit is not None and since is not None and at - since >= limit.hold:
                return name
        return GOOD

    def _alone(self, value: float, reached: Mapping[str, bool]) -> str:
        """Return what the value says by itself; between normal and warning, nothing is over yet."""
        if reached[CRIT]:
            return CRIT
        normal = self._demands.normal
        is_normal = normal is None or normal.high is None or value <= normal.high
        if not reached[WARN] and is_normal:
            return GOOD
        return WARN if self._limits[WARN] is not None else CRIT

    def _settle(self, level: str) -> None:
        self._level = self._known = level
        self._calm = []

    def _ease(self, at: datetime, wanted: str) -> None:
        """Better counts after enough readings in a row, over enough time; the worst of them remains."""
        self._calm.append((at, wanted))
        lasted: timedelta = at - self._calm[0][0]
        if len(self._calm) >= self._demands.recovery and lasted >= self._demands.settling:
            self._settle(max((each for _, each in self._calm), key=_GRADE.index))

    def _tell(self, at: datetime) -> None:
        is_open = bool(self.found) and self.found[-1][2] is None
        if self._level == GOOD and is_open:
            self.found[-1] = (*self.found[-1][:2], at)
        elif self._level != GOOD and not is_open:
            self.found.append((at, self._level, None))
        elif self._level == CRIT:
            self.found[-1] = (self.found[-1][0], CRIT, None)
