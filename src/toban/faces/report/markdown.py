"""The monthly report as Markdown. Pure."""

from collections.abc import Iterator, Sequence

from toban.faces.report.written import WrittenFigure, WrittenMonthly, WrittenSection, WrittenTable
from toban.text import in_markdown


def markdown(report: WrittenMonthly) -> str:
    """Return the whole report."""
    lines = [f"# {in_markdown(report.title)}", ""]
    lines += [f"- {in_markdown(label)}: {in_markdown(value)}" for label, value in report.head]
    boxes = report.boxes
    lines += [
        "",
        *_grid([each.title for each in boxes], [[f"{each.by} {each.at}".strip() for each in boxes]]),
    ]
    lines += [f"\n**{in_markdown(note)}**" for note in report.notes]
    if report.differences is not None:
        lines += _table(report.differences)
    for number, section in enumerate(report.sections, 1):
        lines += ["", f"## {number}. {in_markdown(section.title)}", *_section(section, report)]
    return "\n".join((*lines, "", in_markdown(report.footer), ""))


def _section(section: WrittenSection, report: WrittenMonthly) -> Iterator[str]:
    for note in section.notes:
        yield f"\n{in_markdown(note)}"
    for remark in section.remarks:
        said = f"{report.words.remarks}: {remark.text} ({remark.by})"
        yield f"\n> {in_markdown(said)}"
    if section.figures:
        words = report.words
        yield ""
        heads = (words.figure, words.value, words.target, words.row, words.evidence, words.formula)
        yield from _grid(heads, [_figure(each, report) for each in section.figures])
    for table in section.tables:
        yield from _table(table)
    if section.is_empty:
        yield f"\n{in_markdown(report.words.nothing)}"


def _figure(figure: WrittenFigure, report: WrittenMonthly) -> tuple[str, ...]:
    value = figure.value
    if figure.is_kept is not None:
        value += f" {report.words.kept if figure.is_kept else report.words.missed}"
    if figure.note:
        value += f" ({figure.note})"
    proof = f"{figure.formula} [{figure.table}]"
    return figure.label, value, figure.target, figure.citation, figure.evidence, proof


def _table(table: WrittenTable) -> Iterator[str]:
    yield f"\n### {in_markdown(table.title)}\n"
    yield from _grid(table.heads, table.rows)
    if table.omitted:
        yield f"\n{in_markdown(table.omitted)}"


def _grid(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield _line(heads)
    yield f"|{'---|' * len(heads)}"
    yield from map(_line, rows)


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(in_markdown(each) for each in cells)} |"
