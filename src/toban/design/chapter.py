"""The thirteen chapters of an operations design document, by the names the code uses everywhere."""

from enum import StrEnum


class Chapter(StrEnum):
    """A chapter; the value is its folder name in the code and the first part of a clause id."""

    OBJECTIVES = "objectives"
    MONITORING = "monitoring"
    LOGS = "logs"
    BACKUP = "backup"
    RELEASE = "release"
    BATCH = "batch"
    INCIDENT = "incident"
    SECURITY = "security"
    CAPACITY = "capacity"
    ROUTINE = "routine"
    COST = "cost"
    DOCUMENTS = "documents"
    DECISIONS = "decisions"

    @property
    def number(self) -> int:
        """The chapter's number in the reference design, from 1."""
        return list(Chapter).index(self) + 1
