"""The options of `load`, each by itself; the command line has the same."""

from __future__ import annotations

import datetime as dt
import gzip
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from typer.testing import CliRunner

import rem_arrow as rem
from rem_arrow.shell.cli import app

_TEXTS = {
    "a.csv": b"id,zip\n1,501\n2,502\n",
    "b.csv": b"id,zip\n3,503\n",
    "semicolons.csv": b"# a line\nid;v\n1;'a;b'\n2;NA\n",
    "latin.csv": "n\u00e4me\n\u00e4\n".encode("latin-1"),
    "zipped": gzip.compress(b"id\n1\n"),
    "bad.csv": b"a,b\n1,2\n3\n4,5\n",
    "other.csv": b"id,x\n9,y\n",
    "german.csv": b"day;amount;at\n31.12.2024;1.234,5;31.12.24 23h59\n",
    "index.csv": b",a\n0,x\n1,y\n",
    "values.json": b'1\n[2]\n{"a": 3}\n',
}
_CASES: dict[str, tuple[str | list[str], dict[str, Any], list[tuple[object, ...]]]] = {
    "dtypes": ("a.csv", {"dtypes": {"zip": "VARCHAR"}}, [(1, "501"), (2, "502")]),
    "types of Polars": ("a.csv", {"dtypes": {"id": pl.String}}, [("1", 501), ("2", 502)]),
    "columns": ("a.csv", {"columns": ["zip"]}, [(501,), (502,)]),
    "header": ("a.csv", {"header": False}, [("id", "zip"), ("1", "501"), ("2", "502")]),
    "pattern": ("[ab].csv", {}, [(1, 501), (2, 502), (3, 503)]),
    "list": (["b.csv", "a.csv"], {}, [(3, 503), (1, 501), (2, 502)]),
    "union_by_name": (
        ["a.csv", "other.csv"],
        {"union_by_name": True},
        [(1, 501, None), (2, 502, None), (9, None, "y")],
    ),
    "separator": (
        "semicolons.csv",
        {"skip_rows": 1, "separator": ";", "quote": "'", "null_values": "NA"},
        [(1, "a;b"), (2, None)],
    ),
    "encoding": ("latin.csv", {"encoding": "latin-1"}, [("\u00e4",)]),
    "marks and formats": (
        "german.csv",
        {
            "thousands": ".",
            "decimal_separator": ",",
            "date_format": "%d.%m.%Y",
            "timestamp_format": "%d.%m.%y %Hh%M",
        },
        [(dt.date(2024, 12, 31), 1234.5, dt.datetime(2024, 12, 31, 23, 59))],
    ),
    "an index of pandas": ("index.csv", {"columns": ["a"]}, [("x",), ("y",)]),
    "a column without a name": ("index.csv", {"columns": ["column0"]}, [(0,), (1,)]),
    "records": ("values.json", {"records": False}, [("1",), ("[2]",), ('{"a":3}',)]),
    "ignore_errors": ("bad.csv", {"ignore_errors": True}, [(1, 2), (4, 5)]),
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, data in _TEXTS.items():
        (tmp_path / name).write_bytes(data)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", _CASES)
def test_an_option_of_load(folder: Path, name: str) -> None:
    data, options, rows = _CASES[name]
    with rem.connect() as db:
        db.load("t", data, **options)
        assert db.sql("FROM t").rows() == rows


@pytest.mark.parametrize(
    ("load", "said"),
    [
        (lambda db: db.load("t", "a.csv", dtypes={"nope": "INTEGER"}), 'has no column "nope"'),
        (lambda db: db.load("t", "a.csv", columns=["nope"]), 'has no column "nope"'),
        (lambda db: db.load("t", "a.csv", sheet="x"), "sheet is an option of excel files"),
        (lambda db: db.load("t", "a.csv", separator=";;"), "separator is one character"),
        (lambda db: db.load("t", "a.csv", decimal_separator="..", thousands=","), "decimal_separator is one character"),
        (lambda db: db.load("t", "a.csv", thousands="."), "parts thousands and fractions too"),
        (lambda db: db.load("t", "values.json", date_format="%Y"), "date_format is an option of csv files"),
        (lambda db: db.load("t", "a.csv", encoding="frob"), "there is no encoding 'frob'"),
        (lambda db: db.load("t", pl.DataFrame({"a": [1]}), separator=";"), "separator says how files are read"),
        (lambda db: db.load("t", "nope*.csv"), r"no file matches nope\*.csv"),
        (lambda db: db.load("t", "latin.csv"), "is no text in utf-8"),
    ],
)
def test_an_option_that_does_not_fit_is_refused(
    folder: Path, load: Callable[[rem.Database], object], said: str
) -> None:
    with rem.connect() as db, pytest.raises(rem.InputError, match=said):
        load(db)


def test_columns_of_data_in_memory(folder: Path) -> None:
    """What is left out is not looked at."""
    frame = pl.DataFrame({"a": [1], "b": [2]})
    with rem.connect() as db:
        for place, data in enumerate(
            (frame, frame.lazy(), frame.to_arrow(), frame.to_pandas(), frame.to_dicts(), frame.to_dict())
        ):
            db.load(f"t{place}", data, columns=["b"])
            assert db.sql(f"FROM t{place}").rows() == [(2,)]


def test_the_command_line_has_the_same_options(folder: Path) -> None:
    runner = CliRunner()
    arguments = [
        "load",
        "x.rem",
        "t",
        "semicolons.csv",
        "--skip-rows",
        "1",
        "--separator",
        ";",
        "--quote",
        "'",
        "--null",
        "NA",
        "--type",
        "id=VARCHAR",
    ]
    assert runner.invoke(app, arguments).exit_code == 0
    with rem.connect(folder / "x.rem") as db:
        assert db.sql("FROM t").rows() == [("1", "a;b"), ("2", None)]
    assert runner.invoke(app, ["load", "x.rem", "u", "a.csv", "--type", "id"]).exit_code == 1
    marks = ["--thousands", ".", "--decimal-separator", ",", "--date-format", "%d.%m.%Y", "--columns", "day"]
    assert runner.invoke(app, ["load", "x.rem", "v", "german.csv", *marks]).exit_code == 0
    with rem.connect(folder / "x.rem") as db:
        assert db.sql("FROM v").rows() == [(dt.date(2024, 12, 31),)]


def _book(path: Path) -> None:
    """Write a spreadsheet of two sheets by hand."""
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    main = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    types = "application/vnd.openxmlformats-officedocument.spreadsheetml"

    def sheet(rows: list[list[object]]) -> str:
        cells = "".join(
            "<row>"
            + "".join(
                f"<c><v>{c}</v></c>" if isinstance(c, int) else f'<c t="inlineStr"><is><t>{c}</t></is></c>' for c in row
            )
            + "</row>"
            for row in rows
        )
        return f"<worksheet {main}><sheetData>{cells}</sheetData></worksheet>"

    parts = {
        "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{types}.sheet.main+xml"/>'
        + "".join(
            f'<Override PartName="/xl/worksheets/sheet{i}.xml" ContentType="{types}.worksheet+xml"/>' for i in (1, 2)
        )
        + "</Types>",
        "_rels/.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f'<Relationship Id="r1" Type="{kind}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook {main} xmlns:r="{kind}"><sheets><sheet name="first" sheetId="1" r:id="r1"/>'
        '<sheet name="second" sheetId="2" r:id="r2"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        + "".join(f'<Relationship Id="r{i}" Type="{kind}/worksheet" Target="worksheets/sheet{i}.xml"/>' for i in (1, 2))
        + "</Relationships>",
        "xl/worksheets/sheet1.xml": sheet([["id", "name"], [1, "x"], [2, "y"]]),
        "xl/worksheets/sheet2.xml": sheet([["a"], [5]]),
    }
    with zipfile.ZipFile(path, "w") as book:
        for name, text in parts.items():
            book.writestr(name, text)


def test_sheets_of_a_spreadsheet(folder: Path) -> None:
    """By name and by place, by load and in SQL; one that is not there is named."""
    pytest.importorskip("fastexcel")
    _book(folder / "x.xlsx")
    with rem.connect() as db:
        db.load("t", "x.xlsx")
        db.load("u", "x.xlsx", sheet="second", dtypes={"a": "INTEGER"})
        assert (db.sql("FROM t").rows(), db.sql("FROM u").rows()) == ([(1, "x"), (2, "y")], [(5,)])
        assert db.sql("FROM read_xlsx('x.xlsx', sheet = 2)").rows() == [(5,)]
        with pytest.raises(rem.InputError, match="has no sheet 'third'; it has first, second"):
            db.load("v", "x.xlsx", sheet="third")
        Path("no.xlsx").write_text("x")
        with pytest.raises(rem.InputError, match="no.xlsx cannot be read as a spreadsheet"):
            db.load("v", "no.xlsx")
