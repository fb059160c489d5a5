"""Do all steps of an invoice batch from the first on: `bill.py BINDINGS`; killed from outside."""

import sys
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import django

django.setup()

from tests.integration.chapters.batch.kinds.conftest import HandTurn  # noqa: E402
from tests.integration.examples.invoices.test_invoices import DOCUMENT, steps  # noqa: E402
from tests.registered import schema  # noqa: E402

from toban.design.clauses.batch import Batch  # noqa: E402
from toban.design.reader import read_design  # noqa: E402
from toban.engine.bindings.load import load_bindings  # noqa: E402
from toban.engine.runs.kinds import Site  # noqa: E402
from toban_invoices import kind  # noqa: E402


def main(file: Path) -> None:
    design = read_design(DOCUMENT.format(when="月次 | 月末23:00"), "運用設計書.md")
    [batch] = design.of(Batch)
    bindings = load_bindings(file, schema(batches={"invoices": kind.KIND.config}))
    turn = HandTurn(datetime(2026, 11, 30, 23, tzinfo=ZoneInfo("Asia/Tokyo")))
    for step in steps(Site(batch, design, bindings)):
        turn.results[step.name] = step.act(turn)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
