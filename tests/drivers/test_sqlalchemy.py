"""The dialect of SQLAlchemy: Core, ORM, types, reflection, and the tools above it."""

from __future__ import annotations

import datetime as dt
import tomllib
import uuid
from decimal import Decimal
from importlib import import_module
from pathlib import Path

import pandas as pd
import polars as pl
import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, registry
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship

from rem_arrow.drivers import sqlalchemy_types as types

ROOT = Path(__file__).parents[2]
registry.register("rem", "rem_arrow.drivers.sqlalchemy_dialect", "RemDialect")


@pytest.fixture
def engine():
    made = sa.create_engine("rem:///:memory:")
    yield made
    made.dispose()


class Base(DeclarativeBase):
    pass


class Author(Base):
    __tablename__ = "authors"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(sa.String, unique=True)
    books: Mapped[list[Book]] = relationship(back_populates="author", order_by="Book.title")


class Book(Base):
    __tablename__ = "books"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    price: Mapped[Decimal] = mapped_column(sa.Numeric(8, 2))
    tags: Mapped[list[str]] = mapped_column(sa.ARRAY(sa.String))
    about: Mapped[dict] = mapped_column(sa.JSON)
    author_id: Mapped[int] = mapped_column(sa.ForeignKey("authors.id"))
    author: Mapped[Author] = relationship(back_populates="books")


def test_the_entry_points_lead_to_the_dialect():
    """What the package declares to SQLAlchemy is there."""
    points = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["entry-points"]
    for name, place in points["sqlalchemy.dialects"].items():
        module, _, attribute = place.partition(":")
        assert getattr(import_module(module), attribute).name == name.partition(".")[0] == "rem"


def test_objects_are_stored_related_and_found(engine):
    """The ORM: keys are numbered, relations load, changes and deletions are flushed, a rollback forgets."""
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        ada = Author(name="Ada")
        for title, price in (("Notes", "10.50"), ("Letters", "7.25")):
            ada.books.append(Book(title=title, price=Decimal(price), tags=["old", title], about={"pages": [1, 2]}))
        session.add_all([ada, Author(name="Bob")])
        session.commit()
        assert (ada.id, [b.title for b in ada.books]) == (1, ["Letters", "Notes"])
        by_pages = sa.select(Book.title).where(Book.about["pages"][1].as_integer() == 2).order_by(Book.price)
        assert session.scalars(by_pages).all() == ["Letters", "Notes"]
        assert session.scalars(sa.select(Book.title).where(Book.tags[2] == "Notes")).all() == ["Notes"]
        assert session.scalar(sa.select(sa.func.sum(Book.price)).join(Author).where(Author.name == "Ada")) == Decimal(
            "17.75"
        )
        ada.books[0].price = Decimal("8.00")
        session.delete(ada.books[1])
        session.commit()
        assert session.execute(sa.select(Book.title, Book.price)).all() == [("Letters", Decimal("8.00"))]
        session.add(Author(name="Cleo"))
        session.flush()
        session.rollback()
        assert session.scalars(sa.select(Author.name).order_by(Author.name)).all() == ["Ada", "Bob"]
        session.add(Author(name="Ada"))
        with pytest.raises(sa.exc.IntegrityError, match="UNIQUE"):
            session.flush()
    Base.metadata.drop_all(engine)
    assert sa.inspect(engine).get_sequence_names() == []


def test_statements_return_and_replace_rows(engine):
    """RETURNING of INSERT, UPDATE and DELETE; ON CONFLICT as PostgreSQL's `insert` writes it."""
    table = sa.Table("t", sa.MetaData(), sa.Column("k", sa.Integer, primary_key=True), sa.Column("v", sa.String))
    table.create(engine)
    with engine.begin() as connection:
        rows = connection.execute(sa.insert(table).returning(table.c.k), [{"v": v} for v in "abc"])
        assert [k for (k,) in rows] == [1, 2, 3]
        upsert = postgresql.insert(table).values(k=1, v="z")
        upsert = upsert.on_conflict_do_update(index_elements=["k"], set_={"v": upsert.excluded.v + "!"})
        assert connection.execute(upsert.returning(table.c.v)).scalar_one() == "z!"
        nothing = postgresql.insert(table).values(k=1, v="y").on_conflict_do_nothing()
        assert connection.execute(nothing).rowcount == 0
        changed = sa.update(table).where(table.c.k > 1).values(v=table.c.v + table.c.v).returning(table.c.v)
        assert sorted(connection.scalars(changed)) == ["bb", "cc"]
        assert connection.execute(sa.delete(table).where(table.c.k == 3)).rowcount == 1
        named = postgresql.insert(table).on_conflict_do_nothing(constraint="t_k_pkey")
        with pytest.raises(sa.exc.CompileError, match="names columns, not a constraint"):
            connection.execute(named.values(k=1))


TYPES = [
    (sa.Boolean(), True, "BOOLEAN"), (types.TINYINT(), -3, "TINYINT"), (sa.SmallInteger(), 3, "SMALLINT"),
    (sa.Integer(), 3, "INTEGER"), (sa.BigInteger(), 2**40, "BIGINT"), (types.HUGEINT(), 2**100, "HUGEINT"),
    (types.UTINYINT(), 255, "UTINYINT"), (types.USMALLINT(), 3, "USMALLINT"), (types.UINTEGER(), 3, "UINTEGER"),
    (types.UBIGINT(), 2**63, "UBIGINT"), (types.UHUGEINT(), 2**100, "UHUGEINT"),
    (types.FLOAT16(), 1.5, "FLOAT16"), (sa.REAL(), 1.5, "FLOAT"), (sa.Float(24), 1.5, "FLOAT"),
    (sa.Float(), 0.1, "DOUBLE"), (sa.Double(), 0.1, "DOUBLE"),
    (sa.Numeric(10, 2), Decimal("1.50"), "DECIMAL(10,2)"), (sa.String(9), "x", "VARCHAR"),
    (sa.Text(), "ü🙂", "VARCHAR"),
    (sa.LargeBinary(), b"\x00\xff", "BLOB"), (sa.Date(), dt.date(2026, 1, 2), "DATE"),
    (sa.Time(), dt.time(1, 2, 3, 4), "TIME"), (sa.DateTime(), dt.datetime(2026, 1, 2, 3, 4, 5, 6), "TIMESTAMP"),
    (sa.DateTime(timezone=True), dt.datetime(2026, 1, 2, tzinfo=dt.timezone.utc), "TIMESTAMP WITH TIME ZONE"),
    (sa.Interval(), dt.timedelta(days=1, microseconds=5), "INTERVAL"),
    (sa.Uuid(), uuid.UUID(int=7), "UUID"), (sa.Uuid(as_uuid=False), str(uuid.UUID(int=7)), "UUID"),
    (sa.JSON(), {"a": [1, None, "x"]}, "JSON"), (sa.Enum("a", "b'c", name="e"), "b'c", "ENUM('a', 'b''c')"),
    (sa.ARRAY(sa.Integer), [1, 2], "INTEGER[]"), (sa.ARRAY(sa.Uuid, dimensions=2), [[uuid.UUID(int=7)]], "UUID[][]"),
    (types.Nested("STRUCT(a INTEGER, b VARCHAR)"), {"a": 1, "b": "x"}, "STRUCT(a INTEGER, b VARCHAR)"),
    (types.Nested("INTEGER[2]"), [1, 2], "INTEGER[2]"),
]  # fmt: skip


def test_every_type_is_stored_and_reflected(engine):
    """A column of each type holds a value and NULL; reflected, and made again from that, it is the same."""
    columns = [sa.Column(f"c{i}", kind) for i, (kind, _, _) in enumerate(TYPES)]
    table = sa.Table("every", sa.MetaData(), *columns)
    table.create(engine)
    nested = [i for i, (kind, _, _) in enumerate(TYPES) if isinstance(kind, types.Nested)]
    values = {f"c{i}": None if i in nested else value for i, (_, value, _) in enumerate(TYPES)}
    with engine.begin() as connection:
        connection.execute(sa.insert(table), [values])
        connection.exec_driver_sql(f"UPDATE every SET c{nested[0]} = {{'a': 1, 'b': 'x'}}, c{nested[1]} = [1, 2]")
        connection.execute(sa.insert(table), [dict.fromkeys(values)])
        first, second = connection.execute(sa.select(table)).all()
        assert list(first) == [value for _, value, _ in TYPES] and set(second) == {None}
        assert list(map(type, first)) == [type(value) for _, value, _ in TYPES]
    again = sa.Table("every", sa.MetaData(), autoload_with=engine)
    again.to_metadata(sa.MetaData(), name="again").create(engine)
    listed = "SELECT data_type FROM duckdb_columns() WHERE table_name = ? ORDER BY column_index"
    with engine.connect() as connection:
        for name in ("every", "again"):
            assert [t for (t,) in connection.exec_driver_sql(listed, (name,))] == [name for _, _, name in TYPES]


def test_definitions_are_reflected_as_they_were_made(engine):
    """Keys, references, checks, indexes, defaults, comments, generated columns, schemas and views."""
    with engine.begin() as connection:
        connection.execute(sa.schema.CreateSchema("s"))
        connection.exec_driver_sql("CREATE VIEW v AS SELECT 1 AS x")
    made = sa.MetaData(schema="s")
    sa.Table("p", made, sa.Column("a", sa.Integer, primary_key=True, autoincrement=False), sa.Column("b", sa.String))
    sa.Table(
        "c",
        made,
        sa.Column("k", sa.Integer, primary_key=True),
        sa.Column("a", sa.Integer, sa.ForeignKey("s.p.a", name="to_p"), nullable=False),
        sa.Column("n", sa.Integer, server_default=sa.text("7"), comment="a number"),
        sa.Column("m", sa.Integer, sa.Computed("n + 1")),
        sa.CheckConstraint("n > 1", name="positive"),
        sa.UniqueConstraint("a", "n", name="once"),
        sa.Index("by_n", "n", "a"),
        comment="a child",
    )
    made.create_all(engine)
    found = sa.inspect(engine)
    assert (found.get_schema_names(), found.get_table_names("s")) == (["main", "s"], ["c", "p"])
    assert (found.get_view_names(), found.has_table("v"), found.has_table("c")) == (["v"], True, False)
    assert found.get_view_definition("v").startswith("CREATE VIEW v AS SELECT 1")
    assert found.get_pk_constraint("c", "s") == {"constrained_columns": ["k"], "name": "c_k_pkey"}
    (reference,) = found.get_foreign_keys("c", "s")
    assert (reference["name"], reference["referred_schema"], reference["referred_table"]) == ("to_p", "s", "p")
    assert (reference["constrained_columns"], reference["referred_columns"]) == (["a"], ["a"])
    assert found.get_unique_constraints("c", "s") == [{"name": "once", "column_names": ["a", "n"]}]
    assert [(c["name"], c["sqltext"]) for c in found.get_check_constraints("c", "s")] == [("positive", "n > 1")]
    assert found.get_indexes("c", "s") == [{"name": "by_n", "column_names": ["n", "a"], "unique": False}]
    columns = {column["name"]: column for column in found.get_columns("c", "s")}
    assert (columns["k"]["autoincrement"], columns["n"]["default"], columns["n"]["comment"]) == (True, "7", "a number")
    assert columns["m"]["computed"]["sqltext"] == "n + 1" and not columns["a"]["nullable"]
    assert found.get_table_comment("c", "s") == {"text": "a child"}
    with pytest.raises(sa.exc.NoSuchTableError, match="none"):
        found.get_columns("none", "s")


def test_names_of_schemas_numbers_and_limits(engine):
    """References over schemas are reflected; numbers are taken before a plain INSERT; FETCH and OFFSET are computed."""
    meta = sa.MetaData()
    parent = sa.Table("parent", meta, sa.Column("id", sa.Integer, primary_key=True))
    child = sa.Table(
        "child",
        meta,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("up", sa.ForeignKey(parent.c.id)),
        schema="other",
        implicit_returning=False,
    )
    with engine.begin() as connection:
        connection.execute(sa.schema.CreateSchema("other"))
        meta.create_all(connection)
        connection.execute(sa.insert(parent), [{}, {}, {}, {}])
        for number in (1, 2):
            assert connection.execute(sa.insert(child).values(up=4)).inserted_primary_key == (number,)
        assert connection.scalar(sa.Sequence("child_id_seq", schema="other")) == 3
        two = sa.literal_column("1") + sa.literal_column("1")
        rows = connection.scalars(sa.select(parent.c.id).order_by(parent.c.id).fetch(two).offset(two))
        assert rows.all() == [3, 4]
        with pytest.raises(sa.exc.CompileError, match="without percent"):
            connection.execute(sa.select(parent).fetch(1, with_ties=True))
    (key,) = sa.inspect(engine).get_foreign_keys("child", schema="other")
    assert (key["referred_schema"], key["referred_table"]) == (None, "parent")
    assert sa.inspect(engine).dialect.max_identifier_length == 255


def test_the_level_of_the_engine_comes_back():
    """A connection that goes back to the pool loses the level it was given, not that of the engine."""
    engine = sa.create_engine("rem:///:memory:", isolation_level="AUTOCOMMIT")
    with engine.connect().execution_options(isolation_level="SNAPSHOT") as connection:
        assert connection.get_isolation_level() == "SNAPSHOT"
    with engine.connect() as connection:
        assert connection.get_isolation_level() == "AUTOCOMMIT"
    engine.dispose()


def test_pandas_and_polars_read_and_write(engine):
    """`to_sql`, `read_sql` and `read_database` over an engine, and over a connection of the driver."""
    frame = pd.DataFrame({"region": ["north", "south"], "amount": [3, 4]})
    assert frame.to_sql("sales", engine, index=False) == 2
    assert pd.read_sql(sa.text("SELECT * FROM sales WHERE amount > :n"), engine, params={"n": 3})[
        "region"
    ].tolist() == ["south"]
    with engine.connect() as connection:
        rows = pl.read_database("SELECT region, amount FROM sales ORDER BY amount", connection)
        driver = connection.connection.driver_connection
        assert (
            rows.rows() == pl.read_database("FROM sales ORDER BY amount", driver).rows() == [("north", 3), ("south", 4)]
        )


def test_an_address_opens_a_folder_with_options(tmp_path):
    """A folder by its path, shared by the engine's connections; options are read, and wrong ones named."""
    writing = sa.create_engine(f"rem:///{tmp_path}/a.rem?durability=sync&background=false")
    with writing.begin() as one, writing.connect() as two:
        one.exec_driver_sql("CREATE TABLE t (a INTEGER)")
        assert not sa.inspect(two).has_table("t")
    writing.dispose()
    reading = sa.create_engine(f"rem:///{tmp_path}/a.rem?read_only=true", isolation_level="AUTOCOMMIT")
    with reading.connect() as connection:
        assert connection.exec_driver_sql("SELECT COUNT(*) FROM t").scalar() == 0
        assert connection.get_isolation_level() == "AUTOCOMMIT"
        with pytest.raises(sa.exc.DBAPIError, match="reading"):
            connection.exec_driver_sql("INSERT INTO t VALUES (1)")
    reading.dispose()
    for wrong in ("colour=red", "threads=many", "read_only=perhaps"):
        with pytest.raises(sa.exc.ArgumentError, match="is no option of rem://"):
            sa.create_engine(f"rem:///a.rem?{wrong}").connect()
