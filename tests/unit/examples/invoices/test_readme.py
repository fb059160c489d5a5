"""The package's own manual page documents every key, as Toban's manual does for its kinds."""

from pathlib import Path

from toban.engine.runs.kinds import BatchBinding
from toban_invoices.extension import EXTENSION
from toban_invoices.kind import KIND

PACKAGE = Path(__file__).parents[4] / "examples" / "webshop" / "invoices"


def test_every_key_is_in_the_manual() -> None:
    own = set(KIND.config.model_fields) - set(BatchBinding.model_fields)

    text = (PACKAGE / EXTENSION.manual).read_text(encoding="utf-8")

    assert sorted(key for key in own if f"`{key}`" not in text) == []
