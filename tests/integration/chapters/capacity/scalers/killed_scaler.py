"""A worker that scales until somebody kills it. `killed_scaler.py KIND BINDING TO`"""

import sys
from typing import Any

from tests.registered import kinds
from tests.unit.engine.runs.commands.test_command import FakeTurn

from toban.chapters.capacity.scaler import SCALER_KINDS


def main(name: str, binding: str, to: str) -> None:
    """Scale; the bindings say where everything is."""
    kind, site = kinds(SCALER_KINDS)[name], None
    config: Any = kind.config.model_validate_json(binding)
    kind.open(config, site).resize(int(to), FakeTurn())


if __name__ == "__main__":
    main(*sys.argv[1:])
