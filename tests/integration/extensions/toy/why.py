"""The toy's output for `toban why`."""

from toban.engine.registry.parts import Parts
from toban.faces.cli.answer import CommandAnswer, Why


def _answer(_parts: Parts, asked: str) -> CommandAnswer | None:
    return (
        CommandAnswer((f"{asked} is measured by its file",), {"measured": asked}) if asked == "disk" else None
    )


WHY = Why(_answer, lambda _parts: "使用量: disk")
