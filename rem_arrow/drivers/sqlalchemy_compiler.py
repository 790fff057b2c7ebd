"""SQLAlchemy's expressions and definitions as text in the dialect of the database."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, cast

from sqlalchemy import exc
from sqlalchemy.engine import default
from sqlalchemy.schema import Column, Sequence, Table
from sqlalchemy.sql import compiler, elements
from sqlalchemy.types import JSON, NullType

from rem_arrow.base.quoting import KEYWORDS, literal


class IdentifierPreparer(compiler.IdentifierPreparer):
    """Quotes names that are keywords here."""

    reserved_words = set(KEYWORDS)


class Compiler(compiler.SQLCompiler):
    """Queries and statements that write rows."""

    def visit_sequence(self, sequence: Any, **kw: Any) -> str:
        name = self.preparer.format_sequence(sequence)
        return f"nextval({literal(name)})"

    def limit_clause(self, select: Any, **kw: Any) -> str:
        return self._limited(select._limit_clause, select._offset_clause, kw)

    def fetch_clause(  # type: ignore[override]
        self, select: Any, fetch_clause: Any = None, **kw: Any
    ) -> str:
        if any((select._fetch_clause_options or {}).values()):
            raise exc.CompileError("fetch() takes a number of rows, without percent and with_ties")
        asked = select._fetch_clause if fetch_clause is None else fetch_clause
        return self._limited(asked, select._offset_clause, kw)

    def _limited(self, limit: Any, offset: Any, kw: dict[str, Any]) -> str:
        text = "" if limit is None else f"\n LIMIT {self.process(limit, **kw)}"
        return text if offset is None else f"{text}\n OFFSET {self.process(offset, **kw)}"

    def visit_empty_set_expr(self, element_types: Any, **kw: Any) -> str:
        nulls = ", ".join(
            "NULL" if isinstance(t, NullType) else f"CAST(NULL AS {self.dialect.type_compiler_instance.process(t)})"
            for t in element_types
        )
        return f"SELECT {nulls} WHERE false"

    def update_from_clause(
        self, update_stmt: Any, from_table: Any, extra_froms: Any, from_hints: Any, **kw: Any
    ) -> str:
        return "FROM " + self._tables(extra_froms, from_hints, kw)

    def delete_extra_from_clause(
        self, delete_stmt: Any, from_table: Any, extra_froms: Any, from_hints: Any, **kw: Any
    ) -> str:
        return "USING " + self._tables(extra_froms, from_hints, kw)

    def _tables(self, froms: Any, hints: Any, kw: dict[str, Any]) -> str:
        return ", ".join(t._compiler_dispatch(self, **{**kw, "asfrom": True, "fromhints": hints}) for t in froms)

    # --- operators and functions

    def visit_regexp_match_op_binary(self, binary: Any, operator: Any, **kw: Any) -> str:
        return self._regexp("regexp_matches", (binary.left, binary.right), binary.modifiers["flags"], kw)

    def visit_not_regexp_match_op_binary(self, binary: Any, operator: Any, **kw: Any) -> str:
        return f"NOT {self.visit_regexp_match_op_binary(binary, operator, **kw)}"

    def visit_regexp_replace_op_binary(self, binary: Any, operator: Any, **kw: Any) -> str:
        return self._regexp("regexp_replace", (binary.left, *binary.right.clauses), binary.modifiers["flags"], kw)

    def _regexp(self, function: str, operands: tuple[Any, ...], flags: str | None, kw: dict[str, Any]) -> str:
        texts = [self.process(operand, **kw) for operand in operands]
        if flags is not None:
            texts.append(literal(flags))
        return f"{function}({', '.join(texts)})"

    def visit_bitwise_xor_op_binary(self, binary: Any, operator: Any, **kw: Any) -> str:
        return f"xor({self.process(binary.left, **kw)}, {self.process(binary.right, **kw)})"

    def visit_ilike_op_binary(self, binary: Any, operator: Any, **kw: Any) -> str:
        return self._ilike("ILIKE", binary, kw)

    def visit_not_ilike_op_binary(self, binary: Any, operator: Any, **kw: Any) -> str:
        return self._ilike("NOT ILIKE", binary, kw)

    def _ilike(self, word: str, binary: Any, kw: dict[str, Any]) -> str:
        escape = binary.modifiers.get("escape")
        behind = "" if escape is None else f" ESCAPE {literal(escape)}"
        return f"{self.process(binary.left, **kw)} {word} {self.process(binary.right, **kw)}{behind}"

    def visit_getitem_binary(self, binary: Any, operator: Any, **kw: Any) -> str:
        return f"{self.process(binary.left, **kw)}[{self.process(binary.right, **kw)}]"

    def visit_slice(self, element: Any, **kw: Any) -> str:
        return f"{self.process(element.start, **kw)}:{self.process(element.stop, **kw)}"

    def visit_json_getitem_op_binary(self, binary: Any, operator: Any, **kw: Any) -> str:
        left, right = self.process(binary.left, **kw), self.process(binary.right, **kw)
        if isinstance(binary.type, JSON):
            return f"json_extract({left}, {right})"
        text = f"json_extract_string({left}, {right})"
        return f"CAST({text} AS {self.dialect.type_compiler_instance.process(binary.type)})"

    visit_json_path_getitem_op_binary = visit_json_getitem_op_binary

    def visit_char_length_func(self, fn: Any, **kw: Any) -> str:
        return f"length{self.function_argspec(fn, **kw)}"

    def visit_aggregate_strings_func(self, fn: Any, *, use_function_name: str = "string_agg", **kw: Any) -> str:
        text: str = super().visit_aggregate_strings_func(  # type: ignore[no-untyped-call]
            fn, use_function_name=use_function_name, **kw
        )
        return text

    # --- ON CONFLICT, of `sqlalchemy.dialects.postgresql.insert`

    def visit_on_conflict_do_nothing(self, clause: Any, **kw: Any) -> str:
        return f"ON CONFLICT{self._conflict_target(clause, kw)} DO NOTHING"

    def visit_on_conflict_do_update(self, clause: Any, **kw: Any) -> str:
        inside = {**kw, "include_table": True, "use_schema": False}
        columns = cast(Any, self.stack[-1]["selectable"]).table.c
        assignments = []
        for key, value in dict(clause.update_values_to_set).items():
            column = columns.get(key) if isinstance(key, str) else key
            if isinstance(value, elements.BindParameter) and value.type._isnull and column is not None:
                value = value._with_binary_element_type(column.type)
            name = key if column is None else column.name
            assignments.append(f"{self.preparer.quote(name)} = {self.process(value.self_group(), **inside)}")
        where = clause.update_whereclause
        behind = "" if where is None else f" WHERE {self.process(where, **inside)}"
        return f"ON CONFLICT{self._conflict_target(clause, kw)} DO UPDATE SET {', '.join(assignments)}{behind}"

    def _conflict_target(self, clause: Any, kw: dict[str, Any]) -> str:
        if getattr(clause, "constraint_target", None) is not None:
            raise exc.CompileError("ON CONFLICT names columns, not a constraint: pass index_elements")
        if clause.inferred_target_elements is None:
            return ""
        inside = {**kw, "include_table": False, "use_schema": False}
        names = [
            self.preparer.quote(c) if isinstance(c, str) else self.process(c, **inside)
            for c in clause.inferred_target_elements
        ]
        return f" ({', '.join(names)})"


class DDLCompiler(compiler.DDLCompiler):
    """Definitions. A column that numbers itself has a sequence of its own, made and dropped with its table."""

    def get_column_specification(self, column: Column[Any], **kw: Any) -> str:
        name = self.preparer.format_column(column)
        parts = [name, self.dialect.type_compiler_instance.process(column.type, type_expression=column)]
        sequence = own_sequence(column)
        default = self.get_column_default_string(column)
        if sequence is not None:
            parts.append(f"DEFAULT nextval({self._sequence_literal(column, sequence)})")
        elif default is not None:
            parts.append(f"DEFAULT {default}")
        if column.computed is not None:
            parts.append(self.process(column.computed))
        if not column.nullable:
            parts.append("NOT NULL")
        return " ".join(parts)

    def visit_create_table(self, create: Any, **kw: Any) -> str:
        text: str = super().visit_create_table(create, **kw)  # type: ignore[no-untyped-call]
        made = [
            f"CREATE SEQUENCE IF NOT EXISTS {name}{self._numbers(column)}; "
            for column, name in self._own_sequences(create.element)
        ]
        return f"{''.join(made)}{text.strip()}"

    def visit_drop_table(self, drop: Any, **kw: Any) -> str:
        text: str = super().visit_drop_table(drop, **kw)  # type: ignore[no-untyped-call]
        names = [name for _, name in self._own_sequences(drop.element)]
        return "; ".join([text.strip(), *(f"DROP SEQUENCE IF EXISTS {name}" for name in names)])

    def _own_sequences(self, table: Table) -> Iterator[tuple[Column[Any], str]]:
        for column in table.columns:
            own = own_sequence(column)
            if own is not None:
                yield column, self.preparer.format_sequence(Sequence(own, schema=table.schema))

    def _numbers(self, column: Column[Any]) -> str:
        options = "" if column.identity is None else self.get_identity_options(column.identity)
        return f" {options}" if options else ""

    def _sequence_literal(self, column: Column[Any], name: str) -> str:
        # A DEFAULT names what is in the schema main without it.
        schema = self.preparer.schema_for_object(column.table)
        return literal(name if schema in (None, "main") else f"{schema}.{name}")

    def define_constraint_remote_table(self, constraint: Any, table: Any, preparer: Any) -> str:
        # A reference without a schema is to the schema of its own table.
        name: str = preparer.format_table(table)
        own, other = map(preparer.schema_for_object, (constraint.parent, table))
        return name if other is not None or own is None else f"main.{name}"

    def visit_set_constraint_comment(self, create: Any, **kw: Any) -> str:
        raise exc.CompileError("constraints have no comments; comment on the table or a column")

    def visit_drop_constraint_comment(self, drop: Any, **kw: Any) -> str:
        return self.visit_set_constraint_comment(drop, **kw)


def own_sequence(column: Column[Any]) -> str | None:
    """Return the name of the sequence that numbers a column of itself; None for other columns."""
    table, default = column.table, column.server_default
    numbers_itself = column is table.autoincrement_column and column.default is None and default is None
    if not numbers_itself and column.identity is None:
        return None
    # A DEFAULT names its sequence without quotes.
    return re.sub(r"\W", "_", f"{table.name}_{column.name}_seq")


class ExecutionContext(default.DefaultExecutionContext):
    """Takes numbers of sequences before an INSERT that returns no rows."""

    def fire_sequence(self, seq: Any, type_: Any) -> Any:
        return self._number(self.identifier_preparer.format_sequence(seq), type_)

    def get_insert_default(self, column: Any) -> Any:
        sequence = own_sequence(column)
        if sequence is None:
            return super().get_insert_default(column)  # type: ignore[no-untyped-call]
        return self._number(
            self.identifier_preparer.format_sequence(Sequence(sequence, schema=column.table.schema)), column.type
        )

    def _number(self, name: str, type_: Any) -> Any:
        return self._execute_scalar(f"SELECT nextval({literal(name)})", type_)


class TypeCompiler(compiler.GenericTypeCompiler):
    """The names of types."""

    def visit_sized_number(self, type_: Any, **kw: Any) -> str:
        return type(type_).__name__

    def visit_INTERVAL(self, type_: Any, **kw: Any) -> str:
        return "INTERVAL"

    def visit_float(self, type_: Any, **kw: Any) -> str:
        return "REAL" if type_.precision is not None and type_.precision <= 24 else "DOUBLE"

    def visit_double(self, type_: Any, **kw: Any) -> str:
        return "DOUBLE"

    def visit_DATETIME(self, type_: Any, **kw: Any) -> str:
        return "TIMESTAMP WITH TIME ZONE" if type_.timezone else "TIMESTAMP"

    visit_TIMESTAMP = visit_DATETIME

    def visit_TIME(self, type_: Any, **kw: Any) -> str:
        return "TIME"

    def visit_enum(self, type_: Any, **kw: Any) -> str:
        if not type_.native_enum:
            return "VARCHAR"
        return f"ENUM({', '.join(map(literal, type_.enums))})"

    visit_ENUM = visit_enum

    def visit_ARRAY(self, type_: Any, **kw: Any) -> str:
        return f"{self.process(type_.item_type, **kw)}{'[]' * (type_.dimensions or 1)}"

    def visit_JSON(self, type_: Any, **kw: Any) -> str:
        return "JSON"

    def visit_uuid(self, type_: Any, **kw: Any) -> str:
        return "UUID"
