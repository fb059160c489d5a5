"""Keep the tail short: no function over 50 lines or 10 branches, no module over 500 lines.

`python -m tools.budgets` prints what is over budget and fails. An exception is listed in `EXCEPTIONS` by
name, with its reason; one that is no longer needed also fails.
"""

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FUNCTION_LINES = 50
FUNCTION_BRANCHES = 10
MODULE_LINES = 500
ROOTS = ("src", "tests", "tools", "benchmarks", "examples")

EXCEPTIONS: dict[str, str] = {}
"""`path` or `path:function` → why it may be longer."""

_BRANCHING = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.ExceptHandler, ast.match_case)


@dataclass(frozen=True, slots=True)
class Excess:
    """Something over budget."""

    name: str
    what: str


def branches(function: ast.AST) -> int:
    """Return the number of branches in *function* itself; nested functions count separately."""
    count = 0
    pending = list(ast.iter_child_nodes(function))
    while pending:
        node = pending.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        count += isinstance(node, _BRANCHING)
        pending += ast.iter_child_nodes(node)
    return count


def excesses(path: str, text: str) -> Iterator[Excess]:
    """Yield what is over budget in the module *text* at *path*."""
    lines = text.count("\n")
    if lines > MODULE_LINES:
        yield Excess(path, f"{lines} lines, {MODULE_LINES} allowed")
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        name = f"{path}:{node.name}"
        length = (node.end_lineno or node.lineno) - node.lineno + 1
        if length > FUNCTION_LINES:
            yield Excess(name, f"{length} lines, {FUNCTION_LINES} allowed")
        forks = branches(node)
        if forks > FUNCTION_BRANCHES:
            yield Excess(name, f"{forks} branches, {FUNCTION_BRANCHES} allowed")


def verdict(found: list[Excess], exceptions: dict[str, str]) -> list[str]:
    """Return the complaints: what is over budget without a reason, and unnecessary exceptions."""
    over = [f"{each.name}: {each.what}" for each in found if each.name not in exceptions]
    names = {each.name for each in found}
    return over + [f"{name}: within budget, needs no exception" for name in exceptions if name not in names]


def main() -> int:
    """Print every complaint about the tree; return the exit status."""
    found: list[Excess] = []
    for root in ROOTS:
        for path in sorted(Path(root).rglob("*.py")):
            found += excesses(path.as_posix(), path.read_text(encoding="utf-8"))
    complaints = verdict(found, EXCEPTIONS)
    sys.stdout.write("\n".join([*complaints, ""]) if complaints else "all within budget\n")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
