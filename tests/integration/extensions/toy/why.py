"""The toy's output for `toban why`."""

from toban.engine.registry.parts import Parts
from toban.faces.cli.answer import Answer, Why


def _answer(_parts: Parts, asked: str) -> Answer | None:
    return Answer((f"{asked} is measured by its file",), {"measured": asked}) if asked == "disk" else None


WHY = Why(_answer, lambda _parts: "使用量: disk")
