"""What two reports on one month tell otherwise. Pure."""

from collections.abc import Iterator, Mapping

from toban.engine.reports.edition import FigureDifference
from toban.engine.reports.monthly import MonthlyReport
from toban.engine.reports.section import ReportFigure
from toban.message import NOTHING, Message


def differences(before: MonthlyReport, after: MonthlyReport) -> Iterator[FigureDifference]:
    """Yield the figures that two reports on one month tell otherwise, in the order of *after*."""
    labels = {**_labels(before), **_labels(after)}
    for key in dict.fromkeys((*after.figures, *before.figures)):
        was, then = before.figures.get(key), after.figures.get(key)
        if _told(was) != _told(then):
            yield FigureDifference(key, labels[key], _said(was), _said(then))


def _labels(report: MonthlyReport) -> Mapping[str, Message]:
    """Return what each figure is called outside of its part."""
    return {
        figure.key: Message("reports.of-part", part=section.part.heading, label=figure.label)
        for section in report.sections
        for figure in section.figures
    }


def _told(figure: ReportFigure | None) -> tuple[object, ...]:
    if figure is None:
        return ()
    return figure.number, figure.value, figure.target, figure.is_kept


def _said(figure: ReportFigure | None) -> Message:
    if figure is None:
        return NOTHING
    if figure.is_kept is None:
        return figure.value
    return Message("reports.value-kept" if figure.is_kept else "reports.value-missed", value=figure.value)
