"""Questions that loops ask again and again: put into SQL once, as that takes far longer than the answer."""

import threading
from collections.abc import Callable, Sequence
from typing import Any, override

from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import DateTimeField, QuerySet, Value
from django.db.models.sql.compiler import SQLCompiler


class Given(Value):
    """A value that is given with each asking, under the name that stands for it in the question."""

    @override
    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, tuple[Any, ...]]:
        return "%s", (self,)


NOW = Given("now", DateTimeField())
"""The time at which a question is asked."""


class Question:
    """A query of values. A loop that finds nothing to do, most of the time, should ask only such."""

    def __init__(self, query: Callable[[], QuerySet[Any, Any]]) -> None:
        """*query* returns the query; it is called once in each thread that asks."""
        self._query = query
        self._known = threading.local()

    def rows(self, **given: object) -> Sequence[tuple[Any, ...]]:
        """Return the answer for what is *given*."""
        compiler, sql, parameters = self._compiled()
        values = [
            each.output_field.get_db_prep_value(given[each.value], connection)
            if isinstance(each, Given)
            else each
            for each in parameters
        ]
        with connection.cursor() as cursor:
            cursor.execute(sql, values)
            found = cursor.fetchall()
        return [tuple(row) for row in compiler.results_iter([found], tuple_expected=True)]

    def first(self, **given: object) -> tuple[Any, ...] | None:
        """Return the first row of the answer, whose query should ask for no others; None without any."""
        return next(iter(self.rows(**given)), None)

    def finds(self, **given: object) -> bool:
        """Return whether there is any."""
        return bool(self.rows(**given))

    def _compiled(self) -> tuple[SQLCompiler, str, Sequence[Any]]:
        if not hasattr(self._known, "compiled"):
            compiler = self._query().query.get_compiler(connection=connection)
            self._known.compiled = (compiler, *compiler.as_sql())
        compiled: tuple[SQLCompiler, str, Sequence[Any]] = self._known.compiled
        return compiled
