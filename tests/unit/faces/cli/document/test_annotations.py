"""Annotations beside the lines of a pull request."""

from toban.design.origin import Origin
from toban.faces.cli.document.annotations import annotation
from toban.message import plain


def test_what_speaks_against_a_change_is_a_warning_at_its_line() -> None:
    said = [plain("警告: 70% → 65%"), plain("アラート: 3 → 17")]

    line = annotation(Origin("docs/運用設計書.md", 34), plain("監視項目「Web」"), said, is_warning=True)

    head = "::warning file=docs/運用設計書.md,line=34,title=監視項目「Web」::"
    assert line == f"{head}警告: 70%25 → 65%25%0Aアラート: 3 → 17"


def test_a_row_can_write_no_command_of_its_own() -> None:
    said = [plain("x\n::stop-commands::y\r")]

    line = annotation(Origin("a,b:c.md", 1), plain("t: 50%, u"), said, is_warning=False)

    assert line == "::notice file=a%2Cb%3Ac.md,line=1,title=t%3A 50%25%2C u::x%0A::stop-commands::y%0D"
