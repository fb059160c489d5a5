"""Chapter 6: a batch's action on failure against the retry rule for all batches."""

import re
from collections.abc import Iterator

from toban.design.clauses.batch import Batch, BatchRetry
from toban.design.finding import FindingLevel
from toban.design.lint.rule import Inspection, Remark, rule
from toban.design.lint.wording import cite
from toban.design.values.retry import FailureAction
from toban.message import Message

_NO_RETRY = (FailureAction.RERUN_NEXT_DAY, FailureAction.RERUN_BY_HAND, FailureAction.SKIP)
_AFTER_RETRIES = re.compile(r"(?i)リトライ|再試行|自動|retry|retries|後に|後、")


@rule("BT001", FindingLevel.ERROR)
def failure_action_contradicts_retry_rule(on: Inspection) -> Iterator[Remark]:
    """All batches are retried automatically, but this row orders something else on failure."""
    retries = [retry for retry in on.of(BatchRetry) if retry.rule.attempts > 0 and not _is_of_one(retry, on)]
    # Several rules are those of several batches, and nothing says which.
    if len({retry.rule for retry in retries}) != 1:
        return
    retry = retries[0]
    for batch in on.of(Batch):
        other = [action for action in batch.on_failure if action in _NO_RETRY]
        if (
            other
            and FailureAction.RERUN not in batch.on_failure
            and not _AFTER_RETRIES.search(batch.on_failure_text)
        ):
            yield Remark.on(
                batch,
                Message(
                    "design.failure-action-contradicts-retry",
                    batch=batch.name,
                    action=batch.on_failure_text,
                    lines=cite(retry),
                    count=retry.rule.attempts,
                ),
                Message("design.failure-action-contradicts-retry-hint", action=other[0]),
            )


def _is_of_one(retry: BatchRetry, on: Inspection) -> bool:
    """Say whether the rule stands below the name of one batch."""
    grounds = on.design.grounds.get(retry.origin.line)
    above = " ".join(grounds.section.words) if grounds else ""
    names = (name for batch in on.of(Batch) for name in (batch.batch_id, batch.name) if name)
    return any(name.lower() in above for name in names)


@rule("BT002", FindingLevel.WARNING)
def delays_do_not_match_attempts(on: Inspection) -> Iterator[Remark]:
    """The retry rule lists more or fewer delays than retries."""
    for retry in on.of(BatchRetry):
        # A single delay applies to every retry (5分間隔で3回).
        if len(retry.rule.delays) in (0, 1, retry.rule.attempts):
            continue
        yield Remark.on(
            retry,
            Message(
                "design.delays-differ-from-attempts",
                attempts=retry.rule.attempts,
                count=len(retry.rule.delays),
            ),
            Message("design.delays-differ-from-attempts-hint"),
        )
