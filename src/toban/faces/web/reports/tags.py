"""Template filters of the monthly report."""

from collections.abc import Mapping, Sequence

from django import template

from toban.faces.web.charts import Chart

register = template.Library()


@register.filter
def of_part(charts: Mapping[str, Sequence[Chart]], part: str) -> Sequence[Chart]:
    """Return the charts of *part*."""
    return charts.get(part, ())


@register.filter
def at(cells: Sequence[str], place: int) -> str:
    """Return the cell at *place*."""
    return cells[place]
