"""What the audit log holds about kept reports: people say and sign something, and nothing is changed."""

from collections.abc import Mapping

from toban.engine.changes.act import ActReader, unchanged

ACTS: Mapping[str, ActReader] = dict.fromkeys(
    (
        "keep-monthly-report",
        "sign-monthly-report",
        "return-monthly-report",
        "remark-on-monthly-report",
        "withdraw-report-remark",
    ),
    unchanged,
)
