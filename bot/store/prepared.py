"""Statements for the webhook's path: written in SQLAlchemy Core, compiled once, run by the driver itself.

Core's execute() costs 50 µs a statement, the driver 3: on the path of every message that is most of a turn. Everything
else uses Core as usual.
"""

from collections import namedtuple
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Connection, Dialect, Executable
from sqlalchemy.exc import DBAPIError

_Processor = Callable[[Any], Any]
_row_type: Any = namedtuple  # its names come from a statement, which a type checker cannot follow


class Prepared:
    """One statement with named parameters. `make` builds it for a dialect, at its first use there."""

    def __init__(self, make: Callable[[Dialect], Executable]) -> None:
        self._make = make
        self._compiled: dict[str, _Compiled] = {}

    def rows(self, connection: Connection, parameters: Mapping[str, Any]) -> list[Any]:
        """Run it and return its rows, as tuples with names. Raises SQLAlchemy's errors, without parameters in them."""
        return self._for(connection).run(connection, parameters)[0]

    def changed(self, connection: Connection, parameters: Mapping[str, Any]) -> int:
        """Run it and return how many rows it changed."""
        return self._for(connection).run(connection, parameters)[1]

    def _for(self, connection: Connection) -> "_Compiled":
        name = connection.dialect.name
        compiled = self._compiled.get(name)
        if compiled is None:
            # Two threads may compile it at once; both results are the same.
            compiled = self._compiled[name] = _Compiled(self._make(connection.dialect), connection.dialect)
        return compiled


class _Compiled:
    def __init__(self, statement: Any, dialect: Dialect) -> None:
        compiled = statement.compile(dialect=dialect)
        self._sql = str(compiled)
        self._constants: dict[str, Any] = {
            name: bind.value for name, bind in compiled.binds.items() if bind.value is not None
        }
        self._positions: list[str] | None = compiled.positiontup
        self._binding = _processors(
            {name: bind.type.dialect_impl(dialect).bind_processor(dialect) for name, bind in compiled.binds.items()}
        )
        columns = list(getattr(statement, "selected_columns", ())) or list(getattr(statement, "_returning", ()))
        self._returns = bool(columns)
        self._row = _row_type("Row", [column.key for column in columns])
        self._reading = [
            (place, processor)
            for place, column in enumerate(columns)
            if (processor := column.type.dialect_impl(dialect).result_processor(dialect, None)) is not None
        ]

    def run(self, connection: Connection, parameters: Mapping[str, Any]) -> tuple[list[Any], int]:
        values = {**self._constants, **parameters}
        for name, process in self._binding:
            values[name] = process(values[name])
        bound: Any = values if self._positions is None else [values[name] for name in self._positions]
        fairy = connection.connection
        cursor = fairy.cursor()
        try:
            cursor.execute(self._sql, bound)
            # Fetched whole: an unfinished SELECT would keep SQLite's old snapshot alive.
            rows = cursor.fetchall() if self._returns else []
            return [self._read(row) for row in rows], cursor.rowcount
        except connection.dialect.loaded_dbapi.Error as error:
            raise self._translated(connection, error, cursor) from error
        finally:
            cursor.close()

    def _read(self, row: tuple[Any, ...]) -> Any:
        if not self._reading:
            return self._row._make(row)
        values = list(row)
        for place, process in self._reading:
            values[place] = process(values[place])
        return self._row._make(values)

    def _translated(self, connection: Connection, error: Any, cursor: Any) -> BaseException:
        dialect = connection.dialect
        is_broken = dialect.is_disconnect(error, connection.connection, cursor)
        if is_broken:
            connection.invalidate(error)
        translated: BaseException = DBAPIError.instance(
            self._sql,
            None,
            error,
            dialect.loaded_dbapi.Error,
            hide_parameters=True,
            connection_invalidated=is_broken,
            dialect=dialect,
        )
        return translated


def _processors(by_name: Mapping[str, _Processor | None]) -> list[tuple[str, _Processor]]:
    return [(name, process) for name, process in by_name.items() if process is not None]
