"""The timekeeping extension: machines whose clock is wrong."""

from toban.engine.extension import Extension

EXTENSION = Extension(
    name="timekeeping",
    manual="operations.md",
    operation="toban.engine.timekeeping.operation",
    apps=("toban.engine.timekeeping",),
)
