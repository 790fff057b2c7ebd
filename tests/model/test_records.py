"""Models in, rows stored, models out: what round-trips, what is refused and where, and how a table follows its
model."""

from __future__ import annotations

import contextlib
import datetime as dt
import enum
import ipaddress
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal
from uuid import UUID

import pydantic
import pytest
from pydantic import (
    AfterValidator,
    AnyUrl,
    BaseModel,
    ByteSize,
    ConfigDict,
    Field,
    NaiveDatetime,
    SecretStr,
    create_model,
)

import rem_arrow as rem
from rem_arrow.model.fields import map_annotation

UTC = dt.timezone.utc
EAST = dt.timezone(dt.timedelta(hours=2))


class Colour(enum.Enum):
    RED = "red"
    GREEN = "grün"


class Size(enum.IntEnum):
    SMALL = 1
    LARGE = 2


class Mixed(enum.Enum):
    NUMBER = 1
    TEXT = "b"


class Address(BaseModel):
    street: str
    zip: int | None = None
    colour: Colour | None = None
    price: Decimal | None = None
    since: dt.datetime | None = None


class Company(BaseModel):
    address: Address
    others: list[Address] = []
    spare: Address | None = None


class Tree(BaseModel):
    name: str
    kids: list[Tree] = []


class Aliased(BaseModel):
    inner: int = Field(alias="innerValue")


FULL = Address(
    street="ü", zip=-1, colour=Colour.GREEN, price=Decimal("1.25"), since=dt.datetime(2024, 2, 29, 12, tzinfo=EAST)
)
FULL_STORED = {
    "street": "ü",
    "zip": -1,
    "colour": "grün",
    "price": Decimal("1.25"),
    "since": dt.datetime(2024, 2, 29, 10, tzinfo=UTC),
}
BARE_STORED = {"street": "", "zip": None, "colour": None, "price": None, "since": None}
ID = UUID("12345678-1234-5678-1234-567812345678")

# name: annotation, the value given, what `get` returns, and the column's SQL type.
FIELDS: dict[str, tuple[Any, Any, Any, str]] = {
    "bool": (bool, True, True, "BOOLEAN"),
    "int_low": (int, -(2**63), -(2**63), "BIGINT"),
    "int_high": (int, 2**63 - 1, 2**63 - 1, "BIGINT"),
    "float": (float, 0.1, 0.1, "DOUBLE"),
    "infinity": (float, float("-inf"), float("-inf"), "DOUBLE"),
    "text": (str, "ü\x00😀\n'\"", "ü\x00😀\n'\"", "VARCHAR"),
    "text_empty": (str, "", "", "VARCHAR"),
    "bytes": (bytes, b"\x00\xff", b"\x00\xff", "BLOB"),
    "bytes_empty": (bytes, b"", b"", "BLOB"),
    "date_first": (dt.date, dt.date.min, dt.date.min, "DATE"),
    "date_last": (dt.date, dt.date.max, dt.date.max, "DATE"),
    "time": (dt.time, dt.time(23, 59, 59, 999_999), dt.time(23, 59, 59, 999_999), "TIME"),
    "timedelta": (
        dt.timedelta,
        dt.timedelta(days=-3, microseconds=1),
        dt.timedelta(days=-3, microseconds=1),
        "INTERVAL",
    ),
    "aware": (
        dt.datetime,
        dt.datetime(2024, 2, 29, 12, 0, 0, 1, tzinfo=EAST),
        dt.datetime(2024, 2, 29, 10, 0, 0, 1, tzinfo=UTC),
        "TIMESTAMP WITH TIME ZONE",
    ),
    "aware_first": (
        dt.datetime,
        dt.datetime.min.replace(tzinfo=UTC),
        dt.datetime.min.replace(tzinfo=UTC),
        "TIMESTAMP WITH TIME ZONE",
    ),
    "aware_last": (
        dt.datetime,
        dt.datetime.max.replace(tzinfo=UTC),
        dt.datetime.max.replace(tzinfo=UTC),
        "TIMESTAMP WITH TIME ZONE",
    ),
    "decimal": (Decimal, Decimal("-0.0000000001"), Decimal("-0.0000000001"), "DECIMAL(38,10)"),
    "decimal_most": (
        Decimal,
        Decimal("-" + "9" * 28 + ".0123456789"),
        Decimal("-" + "9" * 28 + ".0123456789"),
        "DECIMAL(38,10)",
    ),
    "decimal_38": (
        Annotated[Decimal, Field(max_digits=38, decimal_places=0)],
        Decimal("9" * 38),
        Decimal("9" * 38),
        "DECIMAL(38,0)",
    ),
    "decimal_5": (
        Annotated[Decimal, Field(max_digits=5, decimal_places=2)],
        Decimal("-999.99"),
        Decimal("-999.99"),
        "DECIMAL(5,2)",
    ),
    "decimal_exponent": (Decimal, Decimal("1E+5"), Decimal(100_000), "DECIMAL(38,10)"),
    "uuid": (UUID, ID, str(ID), "VARCHAR"),
    "path": (Path, Path("/a/b"), "/a/b", "VARCHAR"),
    "url": (AnyUrl, AnyUrl("http://x.y/z"), "http://x.y/z", "VARCHAR"),
    "address": (ipaddress.IPv4Address, ipaddress.IPv4Address("1.2.3.4"), "1.2.3.4", "VARCHAR"),
    "enum": (Colour, Colour.GREEN, "grün", "VARCHAR"),
    "int_enum": (Size, Size.LARGE, 2, "BIGINT"),
    "mixed_enum": (Mixed, Mixed.NUMBER, 1, "JSON"),
    "literal": (Literal["a", "b"], "b", "b", "VARCHAR"),
    "literal_int": (Literal[1, 2], 2, 2, "BIGINT"),
    "literal_null": (Literal["a", None], None, None, "VARCHAR"),
    "literal_mixed": (Literal[1, "a"], "a", "a", "JSON"),
    "optional": (int | None, 5, 5, "BIGINT"),
    "optional_null": (int | None, None, None, "BIGINT"),
    "optional_enum": (Colour | None, Colour.RED, "red", "VARCHAR"),
    "list": (list[int], [1, 2, 1], [1, 2, 1], "BIGINT[]"),
    "list_empty": (list[str], [], [], "VARCHAR[]"),
    "list_nulls": (list[int | None], [1, None], [1, None], "BIGINT[]"),
    "list_enum": (list[Colour], [Colour.GREEN], ["grün"], "VARCHAR[]"),
    "list_bytes": (list[bytes], [b"\xff", b""], [b"\xff", b""], "BLOB[]"),
    "list_list": (list[list[str]], [["a"], []], [["a"], []], "VARCHAR[][]"),
    "list_model": (list[Address], [FULL, Address(street="")], [FULL_STORED, BARE_STORED], ""),
    "set": (set[int], {1}, [1], "BIGINT[]"),
    "tuple": (tuple[int, ...], (3, 1), [3, 1], "BIGINT[]"),
    "tuple_mixed": (tuple[int, str], (1, "a"), [1, "a"], "JSON"),
    "vector": (Annotated[list[float], Field(min_length=2, max_length=2)], [1.0, -0.5], [1.0, -0.5], "DOUBLE[2]"),
    "mapping": (
        dict[str, Any],
        {"ü": [1, {"b": None}], "x": float("inf")},
        {"ü": [1, {"b": None}], "x": float("inf")},
        "JSON",
    ),
    "dict_model": (dict[str, Address], {"k": Address(street="")}, {"k": BARE_STORED}, "JSON"),
    "dict_int_keys": (dict[int, str], {1: "a"}, {"1": "a"}, "JSON"),
    "any_text": (Any, "5", "5", "JSON"),
    "any_null": (Any, None, None, "JSON"),
    "union": (int | str, "5", "5", "JSON"),
    "model": (Address, FULL, FULL_STORED, ""),
    "model_deep": (
        Company,
        Company(address=FULL, others=[FULL]),
        {"address": FULL_STORED, "others": [FULL_STORED], "spare": None},
        "",
    ),
    "model_null": (Company | None, None, None, ""),
    "model_alias": (Aliased, Aliased(innerValue=3), {"inner": 3}, ""),
}
Everything: type[BaseModel] = create_model(
    "Everything", **{name: (annotation, ...) for name, (annotation, *_) in FIELDS.items()}
)  # type: ignore[call-overload]
GIVEN = {name: value for name, (_, value, *_) in FIELDS.items()}
STAGES = ("tail", "reopened", "sealed", "sealed, reopened", "updated")


@pytest.fixture(scope="module")
def stages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[dict[str, Any], BaseModel]]:
    """The row of all fields, as a dict and as a model, in every stage of its life; and the types of its columns."""
    path = tmp_path_factory.mktemp("records") / "db"
    found: dict[str, tuple[dict[str, Any], BaseModel]] = {}
    made = ""

    def read(db: rem.Database, stage: str) -> None:
        segments = db.stats()["tables"]["all"]["segments"]
        assert segments == (1 if "sealed" in stage else 0) or stage == "updated"
        assert db.get("all", "given", as_model=True) == db.get("all", made, as_model=True), (
            "a dict and a model store the same"
        )
        found[stage] = db.get("all", "given"), db.get("all", "given", as_model=True)

    for stage in STAGES:
        with rem.connect(path, background=False) as db:
            db.register(Everything, name="all")
            if stage == "tail":
                db.insert("all", {"id": "given", **GIVEN})
                [made] = db.insert("all", [Everything(**GIVEN)])
            elif stage == "sealed":
                db.compact()
            elif stage == "updated":
                db.update("all", "given", GIVEN)
            read(db, stage)
            types = dict(db.schema("all").select("column", "type").rows())
    return {**found, "types": (types, Everything(**GIVEN))}


@pytest.mark.parametrize("name", FIELDS)
def test_a_field_round_trips(stages: dict[str, tuple[dict[str, Any], BaseModel]], name: str) -> None:
    """In the tail and in a segment, before and after reopening, and rewritten: the value, and the value of the
    model."""
    _, given, stored, sql_type = FIELDS[name]
    assert stages["types"][0][name] == sql_type or not sql_type
    for stage in STAGES:
        row, model = stages[stage]
        assert (row[name], type(row[name])) == (stored, type(stored)), stage
        assert (getattr(model, name), type(getattr(model, name))) == (given, type(given)), stage


@pytest.fixture(scope="module")
def db() -> Iterator[rem.Database]:
    """One database for all tests below; each makes tables of its own."""
    with rem.connect(background=False) as database:
        yield database


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """A table for this test."""
    return request.node.name


def model_with(*, indexed: tuple[str, ...] = (), **fields: Any) -> type[BaseModel]:
    return create_model("Thing", __config__=ConfigDict(json_schema_extra={"indexed_fields": list(indexed)}), **fields)


def test_a_datetime_without_a_zone_is_taken_as_utc(db: rem.Database, name: str) -> None:
    db.register(model_with(at=(dt.datetime, ...)), name=name)
    db.insert(name, {"id": "a", "at": dt.datetime(2024, 1, 1, 12)})
    assert db.get(name, "a")["at"] == dt.datetime(2024, 1, 1, 12, tzinfo=UTC)


def test_minus_zero_and_nan_stay_what_they_are(db: rem.Database, name: str) -> None:
    """Before and after sealing; equality would not tell."""
    db.register(model_with(one=(float, ...), other=(float, ...)), name=name)
    db.insert(name, {"id": "a", "one": -0.0, "other": float("nan")})
    for _ in range(2):
        row = db.get(name, "a")
        assert (repr(row["one"]), repr(row["other"])) == ("-0.0", "nan")
        db.compact()


NESTED_JSON = [
    ("a model with a dict field", create_model("Inner", j=(dict[str, int], ...)), {"j": {"k": 1}}),
    ("a list of dicts", list[dict[str, int]], [{"a": 1}]),
    ("a list of anything", list[Any], [1, "x", None]),
    ("a model that holds itself", Tree, {"name": "a", "kids": [{"name": "b", "kids": []}]}),
]


@pytest.mark.parametrize(("annotation", "value"), [pytest.param(a, v, id=why) for why, a, v in NESTED_JSON])
def test_json_within_structs_and_lists_comes_back_as_objects(db: rem.Database, annotation: Any, value: Any) -> None:
    """What is stored as JSON text below the top of a field is an object again when it is read."""
    table = f"json_{NESTED_JSON.index(next(g for g in NESTED_JSON if g[1] is annotation))}"
    db.register(model_with(f=(annotation, ...)), name=table)
    db.insert(table, {"id": "a", "f": value})
    assert db.get(table, "a")["f"] == value


def test_a_literal_of_enum_members_round_trips(db: rem.Database, name: str) -> None:
    db.register(model_with(f=(Literal[Colour.RED], ...)), name=name)
    db.insert(name, {"id": "a", "f": Colour.RED})
    assert db.get(name, "a", as_model=True).f is Colour.RED


@pytest.mark.parametrize(
    ("annotation", "expected"),
    [(NaiveDatetime, "TIMESTAMP"), (pydantic.AwareDatetime, "TIMESTAMP WITH TIME ZONE")],
    ids=["naive", "aware"],
)
def test_the_datetimes_of_pydantic_are_timestamps(db: rem.Database, annotation: Any, expected: str) -> None:
    table = f"datetimes {expected}"
    db.register(model_with(at=(annotation, ...)), name=table)
    assert dict(db.schema(table).select("column", "type").rows())["at"] == expected


def test_a_secret_is_kept_or_refused(db: rem.Database, name: str) -> None:
    with contextlib.suppress(rem.InputError):
        db.register(model_with(f=(SecretStr, ...)), name=name)
        db.insert(name, {"id": "a", "f": "secret"})
        assert db.get(name, "a", as_model=True).f.get_secret_value() == "secret"


class Counted(int):
    """An integer that tells when it is compared for equality."""

    def __eq__(self, other: object) -> bool:
        raise AssertionError("looked for one by one among all 64-bit integers")

    __hash__ = int.__hash__


def test_a_subclass_of_int_is_stored_at_once() -> None:
    """ByteSize, and any class of integers, takes one comparison with each bound."""
    to_plain = map_annotation(ByteSize, []).to_plain
    assert to_plain is not None
    assert to_plain(Counted(1024)) is not None


@pytest.mark.parametrize("value", [dt.timedelta.max, dt.timedelta.min], ids=["max", "min"])
def test_a_timedelta_that_does_not_fit_is_refused(value: dt.timedelta) -> None:
    """INTERVAL counts microseconds in 64 bits: 292,471 years."""
    with pytest.raises(rem.InputError, match="span"), rem.connect(background=False) as own:
        own.register(model_with(span=(dt.timedelta, ...)), name="t")
        own.insert("t", {"id": "a", "span": value})


# --- bad input


class Person(BaseModel):
    """A person."""

    model_config = ConfigDict(json_schema_extra={"indexed_fields": ["age"], "key_field": "name"})

    name: Annotated[str, Field(min_length=1, max_length=10)]
    age: int = Field(default=0, ge=0, lt=150)
    born: dt.date | None = None
    home: Address | None = None
    mood: Literal["good", "bad"] = "good"
    tags: list[str] = []
    at: dt.time | None = None
    money: Annotated[Decimal, Field(max_digits=5, decimal_places=2)] = Decimal(0)
    free: Decimal = Decimal(0)
    big: int = 0
    extra: dict[str, Any] = {}


GOOD = {"id": "good", "name": "Ada", "age": 36}
BAD: dict[str, tuple[dict[str, Any], str]] = {
    "wrong_type": ({"age": "old"}, r'field "age": Input should be a valid integer.*got \'old\''),
    "null": ({"name": None}, r'field "name": Input should be a valid string.*got None'),
    "missing": ({"name": ...}, r'field "name": Field required'),
    "below": ({"age": -1}, r'field "age": Input should be greater than or equal to 0 \(got -1\)'),
    "above": ({"age": 150}, r'field "age": Input should be less than 150'),
    "too_short": ({"name": ""}, r'field "name": String should have at least 1 character'),
    "too_long": ({"name": "x" * 99}, r'field "name": String should have at most 10 characters'),
    "date": ({"born": "tomorrow"}, r'field "born": Input should be a valid date'),
    "literal": ({"mood": "angry"}, r"field \"mood\": Input should be 'good' or 'bad'"),
    "nested": ({"home": {"street": "x", "zip": "y"}}, r'field "home.zip": Input should be a valid integer'),
    "item": ({"tags": ["a", 5]}, r'field "tags.1": Input should be a valid string'),
    "time_zone": (
        {"at": dt.time(1, tzinfo=UTC)},
        r'field "at": .* has a time zone; a time of day is stored without one',
    ),
    "digits": ({"money": "1000.00"}, r'field "money": Decimal input should have no more than'),
    "decimal_places": (
        {"free": "0.00000000001"},
        r'field "free": .* does not fit DECIMAL\(38,10\); declare max_digits and decimal_places',
    ),
    "decimal_size": ({"free": "1e28"}, r'field "free": .* does not fit DECIMAL\(38,10\)'),
    "decimal_nan": ({"free": Decimal("NaN")}, r'field "free": Input should be a finite number'),
    "int_size": ({"big": 2**63}, r'field "big": 9223372036854775808 does not fit a 64-bit integer'),
    "json": ({"extra": {"x": {b"\xff": 1}}}, r'field "extra": .*cannot be stored as JSON'),
    "unknown": ({"nmae": "x"}, r'no field "nmae" in \w+. Did you mean name\?'),
    "created_at": ({"created_at": "now"}, r'field "created_at": \'now\' is not a datetime with a time zone'),
    "created_at_naive": (
        {"created_at": dt.datetime(2024, 1, 1)},
        r'field "created_at": .* is not a datetime with a time zone',
    ),
    "id_empty": ({"id": ""}, r"an id of \w+ is ''; an id is a text that is not empty, or a UUID"),
    "id_number": ({"id": 5}, r"an id of \w+ is 5; an id is a text that is not empty, or a UUID"),
}


def bad_row(change: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in {"id": "bad", "name": "Bob", **change}.items() if v is not ...}


@pytest.fixture(scope="module")
def people(db: rem.Database) -> str:
    """A table with one person in a segment and one in the tail."""
    db.register(Person, name="people")
    db.insert("people", {"id": "first", "name": "First"})
    db.compact()
    db.insert("people", {"id": "second", "name": "Second"})
    return "people"


def assert_untouched(db: rem.Database, people: str) -> None:
    """Nothing but the two first people is there, by scan, by id, by name and by index."""
    assert db.sql(f"SELECT id FROM {people} ORDER BY id", include_deleted=True)["id"].to_list() == ["first", "second"]
    assert db.get(people, "good", include_deleted=True) is None
    assert db.lookup_entity("Ada", "Bob").height == 0
    assert db.sql(f"SELECT COUNT(*) FROM {people} WHERE age = 36").item() == 0


@pytest.mark.parametrize("case", BAD)
def test_a_bad_row_is_refused_with_its_field(db: rem.Database, people: str, case: str) -> None:
    """One row: the field and the reason, no row number, and nothing is stored."""
    change, message = BAD[case]
    with pytest.raises(rem.InputError, match=message) as caught:
        db.insert(people, bad_row(change))
    assert "row " not in str(caught.value).split(":")[0]
    assert_untouched(db, people)


@pytest.mark.parametrize("case", BAD)
def test_a_batch_with_one_bad_row_is_refused_whole(db: rem.Database, people: str, case: str) -> None:
    """The row's place, from 0, the field and the reason; the good rows beside it are not stored either."""
    change, message = BAD[case]
    place = "" if case.startswith("id_") else "row 1: "
    with pytest.raises(rem.InputError, match=f"^{place}.*{message}"):
        db.insert(people, [GOOD, bad_row(change), {"name": "Eve"}])
    assert_untouched(db, people)


@pytest.mark.parametrize("case", ["wrong_type", "below", "literal", "decimal_places", "int_size"])
def test_a_bad_update_changes_nothing(db: rem.Database, people: str, case: str) -> None:
    change, message = BAD[case]
    before = db.get(people, "first"), db.get(people, "second")
    for id_ in ("first", "second"):
        with pytest.raises(rem.InputError, match=message):
            db.update(people, id_, change)
    assert (db.get(people, "first"), db.get(people, "second")) == before


def test_several_bad_fields_are_all_named(db: rem.Database, people: str) -> None:
    """Five errors are shown with their rows, the rest is counted."""
    with pytest.raises(rem.InputError) as caught:
        db.insert(people, [{"name": "", "age": -1}, GOOD, {"name": "", "age": -1}, {"name": "", "age": -1}])
    lines = str(caught.value).split("\n")
    assert [line.split(", field")[0] for line in lines] == [
        "row 0: people",
        "row 0: people",
        "row 2: people",
        "row 2: people",
        "row 3: people",
        "and 1 more",
    ]
    assert_untouched(db, people)


def test_an_id_that_comes_twice_in_a_batch_is_refused(db: rem.Database, people: str) -> None:
    with pytest.raises(
        rem.InputError, match="the id 'good' comes more than once in this batch for people; nothing was stored"
    ):
        db.insert(people, [GOOD, {"name": "Eve"}, GOOD])
    with pytest.raises(rem.InputError, match="comes more than once"):
        db.insert(people, [{"id": ID, "name": "Eve"}, {"id": str(ID), "name": "Eve"}])
    assert_untouched(db, people)


def test_a_text_that_is_not_unicode_is_refused(db: rem.Database, people: str) -> None:
    """A lone surrogate, which UTF-8 cannot hold."""
    with pytest.raises(rem.InputError, match=r"(?i)unicode|surrogate"):
        db.insert(people, {"id": "good", "name": "\ud800"})
    assert_untouched(db, people)


@pytest.mark.parametrize(
    "rows",
    [5, "text", [GOOD, 5], [GOOD, None], [GOOD, Address(street="x")]],
    ids=["number", "text", "number within", "null within", "other model"],
)
def test_what_is_no_row_is_refused(db: rem.Database, people: str, rows: Any) -> None:
    """insert takes dicts and models of the table only."""
    with pytest.raises(rem.InputError, match="takes a dict"):
        db.insert(people, rows)
    assert_untouched(db, people)


# --- evolution

LATER: dict[str, tuple[Any, Any, Any]] = {
    "number": (int, 7, 7),
    "real": (float, 2, 2.0),
    "text": (str, "ü", "ü"),
    "raw": (bytes, b"\xff", b"\xff"),
    "day": (dt.date, dt.date(2024, 2, 29), dt.date(2024, 2, 29)),
    "hour": (dt.time, dt.time(1), dt.time(1)),
    "span": (dt.timedelta, dt.timedelta(1), dt.timedelta(1)),
    "moment": (dt.datetime, dt.datetime(2024, 1, 1, tzinfo=UTC), dt.datetime(2024, 1, 1, tzinfo=UTC)),
    "price": (Decimal, Decimal("1.5"), Decimal("1.5")),
    "colour": (Colour, Colour.GREEN, "grün"),
    "nothing": (str | None, None, None),
    "needed_or_null": (int | None, ..., None),
    "options": (dict[str, int], {"a": 1}, {"a": 1}),
    "home": (Address, FULL, FULL_STORED),
}


@pytest.mark.parametrize("sealed", [False, True], ids=["tail", "sealed"])
def test_a_new_field_reads_its_default_in_old_rows(db: rem.Database, sealed: bool) -> None:
    """By get, as a model, by SQL, and in a segment that is written anew."""
    table = f"defaults_{sealed}"
    old = model_with(name=(str, ...))
    new = model_with(
        name=(str, ...),
        **{n: (a, d) for n, (a, d, _) in LATER.items()},
        made=(list[int], Field(default_factory=lambda: [1, 2])),
    )
    db.register(old, name=table)
    db.insert(table, [{"id": "a", "name": "x"}, {"id": "b", "name": "y"}])
    if sealed:
        db.compact()
    assert db.register(new, name=table) == table
    db.insert(table, {"id": "c", "name": "z", "number": 8, "needed_or_null": 1})
    for _ in range(2):
        row = db.get(table, "a")
        assert {n: row[n] for n in LATER} == {n: stored for n, (_, _, stored) in LATER.items()}
        assert db.get(table, "a", as_model=True) == new(name="x", needed_or_null=None)
        assert db.sql(
            f"SELECT id, number, text, moment, made FROM {table} WHERE number = 7 AND colour = 'grün' ORDER BY id"
        ).rows() == [(i, 7, "ü", dt.datetime(2024, 1, 1, tzinfo=UTC), [1, 2]) for i in ("a", "b")]
        db.compact()


@pytest.mark.parametrize(
    "annotation", [list[int], Annotated[list[float], Field(min_length=2, max_length=2)]], ids=["list", "array"]
)
def test_a_new_list_field_is_a_list_in_old_rows(db: rem.Database, annotation: Any) -> None:
    table = f"list_default_{annotation}"
    db.register(model_with(name=(str, ...)), name=table)
    db.insert(table, {"id": "a", "name": "x"})
    db.register(model_with(name=(str, ...), made=(annotation, [1, 2])), name=table)
    assert type(db.get(table, "a")["made"]) is list


def test_rows_with_a_new_list_field_can_still_be_changed(db: rem.Database, name: str) -> None:
    """Update, delete and purge of rows that were written before the field existed."""
    db.register(model_with(name=(str, ...)), name=name)
    db.insert(name, [{"id": i, "name": i} for i in "abc"])
    db.register(model_with(name=(str, ...), made=(list[int], [1, 2])), name=name)
    db.update(name, "a", {"name": "new"})
    assert db.delete(name, "b") == 1
    assert db.purge(name, "c") == 1
    assert db.sql(f"SELECT id, made FROM {name} ORDER BY id", include_deleted=True).rows() == [
        ("a", [1, 2]),
        ("b", [1, 2]),
    ]


def money(digits: int, places: int) -> Any:
    return Annotated[Decimal, Field(max_digits=digits, decimal_places=places)]


WIDER = {
    "null": (int, int | None, 5, 5),
    "decimal": (money(5, 2), money(10, 4), Decimal("1.25"), Decimal("1.25")),
    "literal": (Literal["a"], Literal["a", "b"], "a", "a"),
    "literal_to_text": (Literal["a"], str, "a", "a"),
    "constraint": (Annotated[int, Field(ge=3)], int, 5, 5),
    "int_enum_to_int": (Size, int, Size.LARGE, 2),
    "json": (dict[str, int], Any, {"a": 1}, {"a": 1}),
}


@pytest.mark.parametrize("sealed", [False, True], ids=["tail", "sealed"])
@pytest.mark.parametrize("case", WIDER)
def test_a_type_may_widen(db: rem.Database, case: str, sealed: bool) -> None:
    """Old rows keep their values under the new type, new rows use its room, equality finds both."""
    before, after, given, stored = WIDER[case]
    table = f"wider_{case}_{sealed}"
    db.register(model_with(f=(before, ...)), name=table)
    db.insert(table, {"id": "old", "f": given})
    if sealed:
        db.compact()
    db.register(model_with(f=(after, ...)), name=table)
    db.insert(table, {"id": "new", "f": stored})
    for _ in range(2):
        assert [db.get(table, i)["f"] for i in ("old", "new")] == [stored, stored]
        assert db.sql(f"SELECT COUNT(DISTINCT f) FROM {table}").item() == 1
        db.compact()


REFUSED: dict[str, tuple[Any, Any, str]] = {
    # A float holds integers up to 2**53 only, so BIGINT to DOUBLE would change values.
    "int to float": (
        (int, ...),
        (float, ...),
        r"\.f is BIGINT and the model says DOUBLE; a type may only widen .* Add a new field instead, or convert",
    ),
    "float to int": ((float, ...), (int, ...), r"is DOUBLE and the model says BIGINT"),
    "int to text": ((int, ...), (str, ...), r"is BIGINT and the model says VARCHAR"),
    "text to JSON": ((str, ...), (dict[str, Any], ...), r"\.f is VARCHAR and the model says"),
    "fewer digits": (
        (money(10, 4), ...),
        (money(10, 6), ...),
        r"is DECIMAL\(10,4\) and the model says DECIMAL\(10,6\)",
    ),
    "item": ((list[int], ...), (list[str], ...), r"is BIGINT\[\] and the model says VARCHAR\[\]"),
    "struct": ((Address, ...), (Company, ...), r"is STRUCT\("),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_change_that_would_lose_values_is_refused(db: rem.Database, case: str) -> None:
    """The error names table, column and both types; the table and its model stay as they were."""
    before, after, message = REFUSED[case]
    db.register(model_with(f=before), name=case)
    schema = db.schema(case)
    with pytest.raises(rem.InputError, match=message) as caught:
        db.register(model_with(f=after), name=case)
    assert str(caught.value).startswith(f"{case}.f ")
    assert db.schema(case).equals(schema)


def test_a_field_that_vanishes_or_is_required_is_refused(db: rem.Database, name: str) -> None:
    """Nothing is dropped by a registration, and old rows cannot lack a value."""
    db.register(model_with(a=(int, ...), b=(int, ...)), name=name)
    with pytest.raises(rem.InputError, match=f'{name} has a column "b" that the model lacks; keep the field'):
        db.register(model_with(a=(int, ...)), name=name)
    with pytest.raises(
        rem.InputError, match=f'{name} has rows without "c", and the model requires it; give the field a default'
    ):
        db.register(model_with(a=(int, ...), b=(int, ...), c=(int, ...)), name=name)
    with pytest.raises(rem.InputError, match="there is a system table edges; register the model under another name"):
        db.register(model_with(a=(int, ...)), name="edges")
    assert db.schema(name)["column"].to_list()[:3] == ["id", "a", "b"]
    assert db.insert(name, {"id": "x", "a": 1, "b": 2}) == "x", "the model that was registered still serves"


def test_a_stricter_validator_is_told_when_an_old_row_is_read(db: rem.Database, name: str) -> None:
    """Registering checks rows against what a schema says; as a model a row says which field a validator refuses."""

    def large(value: int) -> int:
        if value <= 5:
            raise ValueError("too small")
        return value

    db.register(model_with(n=(int, ...)), name=name)
    db.insert(name, {"id": "a", "n": 1})
    with pytest.raises(rem.InputError, match="do not fit the model, and nothing was changed"):
        db.register(model_with(n=(Annotated[int, Field(gt=5)], ...)), name=name)
    db.register(model_with(n=(Annotated[int, AfterValidator(large)], ...)), name=name)
    assert db.get(name, "a")["n"] == 1
    with pytest.raises(
        rem.InputError, match=r'a row stored in .* does not fit Thing: .*field "n": Value error, too small \(got 1\)'
    ):
        db.get(name, "a", as_model=True)


@pytest.mark.parametrize("sealed", [False, True], ids=["tail", "sealed"])
def test_a_newly_indexed_field_is_found_in_old_rows(tmp_path: Path, sealed: bool) -> None:
    """Equality over an index that is younger than the rows, one that comes with a new field, and one that was given up
    for a while."""
    plain = {"code": (str, ...), "n": (int, 0)}
    rows = [{"id": str(i), "code": f"code {i % 10}", "n": i} for i in range(100)]

    def ids(db: rem.Database, where: str) -> list[str]:
        return db.sql(f"SELECT id FROM t WHERE {where} ORDER BY n")["id"].to_list()

    with rem.connect(tmp_path / "db", background=False) as db:
        db.register(model_with(**plain), name="t")
        db.insert("t", rows)
        if sealed:
            db.compact()
        indexed = model_with(indexed=("code", "n", "later"), **plain, later=(str | None, "new"))
        db.register(indexed, name="t")
        assert dict(db.schema("t").select("column", "indexed").rows())["code"]
        db.update("t", "13", {"code": "code 99"})
        db.delete("t", "23")
        third = [str(i) for i in range(3, 100, 10) if i not in (13, 23)]
        for _ in range(2):
            assert ids(db, "code = 'code 3'") == third
            assert ids(db, "code = 'code 99'") == ["13"]
            assert (ids(db, "n = 42"), len(ids(db, "later = 'new'")), ids(db, "later = 'old'")) == (["42"], 99, [])
            db.compact()
        db.register(model_with(**plain, later=(str | None, "new")), name="t")
        db.update("t", "33", {"code": "code 98"})
        db.register(indexed, name="t")
        third.remove("33")
        assert (ids(db, "code = 'code 3'"), ids(db, "code = 'code 98'")) == (third, ["33"])
    with rem.connect(tmp_path / "db", background=False) as db:
        assert (ids(db, "code = 'code 3'"), ids(db, "code = 'code 98'")) == (third, ["33"])
        assert db.verify().height == 0


# --- the life of a row


@pytest.mark.parametrize("sealed", [False, True], ids=["tail", "sealed"])
def test_delete_revive_and_purge(tmp_path: Path, sealed: bool) -> None:
    """A deleted row hides from all but include_deleted, an insert revives it with its created_at, a purge ends it;
    reopening changes nothing."""
    states: list[tuple[str, dict[str, Any] | None]] = []

    def seen(db: rem.Database) -> tuple[bool, bool, int, int, int]:
        """Live by get, there with include_deleted, counted live, counted at all, found by name."""
        count = "SELECT COUNT(*) FROM people WHERE age = 36"
        return (
            db.get("people", "good") is not None,
            db.get("people", "good", include_deleted=True) is not None,
            db.sql(count).item(),
            db.sql(count, include_deleted=True).item(),
            db.lookup_entity("ada").height,
        )

    def step(what: str, expected: tuple[bool, bool, int, int, int]) -> None:
        with rem.connect(tmp_path / "db", background=False) as db:
            db.register(Person, name="people")
            if what == "insert":
                db.insert("people", [GOOD, {"id": "other", "name": "Other"}])
            elif what == "delete":
                assert (db.delete("people", "good"), db.delete("people", ["good", "nobody"])) == (1, 0)
                with pytest.raises(rem.InputError, match="no row with id 'good' in people; insert it first"):
                    db.update("people", "good", {"age": 37})
            elif what == "purge":
                assert (db.purge("people", "good"), db.purge("people", "good")) == (1, 0)
            if sealed:
                db.compact()
            assert seen(db) == expected, what
            states.append((what, db.get("people", "good", include_deleted=True)))
        with rem.connect(tmp_path / "db", background=False) as db:
            assert seen(db) == expected, f"{what}, reopened"
            assert db.get("people", "other")["name"] == "Other"

    live, hidden, gone = (True, True, 1, 1, 1), (False, True, 0, 1, 0), (False, False, 0, 0, 0)
    for what, expected in (
        ("insert", live),
        ("delete", hidden),
        ("insert", live),
        ("delete", hidden),
        ("purge", gone),
        ("insert", live),
    ):
        step(what, expected)
    first, deleted, revived, _, purged, again = (row for _, row in states)
    assert first is not None and deleted is not None and revived is not None and again is not None
    assert purged is None
    assert {k: v for k, v in deleted.items() if k not in ("deleted_at", "modified_at")} == {
        k: v for k, v in first.items() if k not in ("deleted_at", "modified_at")
    }
    assert deleted["deleted_at"] == deleted["modified_at"] > first["modified_at"]
    assert (revived["created_at"], revived["deleted_at"]) == (first["created_at"], None)
    assert again["created_at"] > first["created_at"], "a purged row leaves nothing behind"
