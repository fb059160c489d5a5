"""Commands print through `toban.faces.terminal` and `cli.drawn` only, which clean foreign text."""

import ast
from pathlib import Path

import toban

CLI = Path(toban.__file__).parent / "faces" / "cli"
DRAWS = {CLI / "drawn.py", CLI / "screen.py"}
BARE = {"print", "click.echo", "click.secho", "click.style", "click.confirm", "click.prompt", "Console"}


def test_no_command_prints_around_the_terminal() -> None:
    bare = [
        f"{path.relative_to(CLI)}:{node.lineno}"
        for path in sorted(CLI.rglob("*.py"))
        if path not in DRAWS
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in BARE
    ]

    assert bare == []
