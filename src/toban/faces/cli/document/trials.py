"""What `toban check --live` reports and tries: all that the extensions know could fail at night."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from toban.design.finding import Finding, FindingLevel
from toban.engine.editions.edition import Edition
from toban.engine.operation import Operation
from toban.engine.trial import Trial

_SECRET_MISSING, _NO_SUCH_ROW = "BD007", "BD009"


def foreseen(
    edition: Edition, operations: Iterable[Operation[Any]], doubtful: Iterable[Finding]
) -> tuple[Finding, ...]:
    """Return what can be said without trying: missing secrets, what can't run, what costs money.

    *doubtful* are the findings of the bindings. A missing secret is otherwise a warning, but an error here:
    Toban can start without it, but a batch can't run.
    """
    known = [finding for operation in operations for finding in operation.foreseen(edition)]
    # The reason why an entry does not run says more than that no row has its name.
    explained = {finding.origin for finding in known if finding.level is FindingLevel.ERROR}
    told = [
        replace(finding, level=FindingLevel.ERROR) if finding.code == _SECRET_MISSING else finding
        for finding in doubtful
        if not (finding.code == _NO_SUCH_ROW and finding.origin in explained)
    ]
    return (*told, *known)


def trials_of(
    edition: Edition, operations: Iterable[Operation[Any]], told: Iterable[Finding], now: datetime
) -> tuple[Trial, ...]:
    """Return what to try, in the order of the file; trials that lack a secret are left out."""
    missing = {finding.origin.line for finding in told if finding.code == _SECRET_MISSING}
    found = (trial for operation in operations for trial in operation.trials(edition, now))
    wanted = (trial for trial in found if trial.origin.line not in missing)
    return tuple(sorted(wanted, key=lambda trial: trial.origin))
