"""Parquet files that Polars does not read as they are: by pyarrow, or refused with the reason."""

from __future__ import annotations

import datetime as dt
from base64 import b64decode, b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest
from pyarrow import parquet
from pyarrow.parquet import encryption

import rem_arrow as rem
from rem_arrow.interop.readers import of_lazy


class _Keys(encryption.KmsClient):  # type: ignore[misc]
    """Keys that hide nothing."""

    def __init__(self, _: object) -> None:
        super().__init__()

    def wrap_key(self, key_bytes: bytes, _: str) -> bytes:
        return b64encode(key_bytes)

    def unwrap_key(self, wrapped_key: bytes, _: str) -> bytes:
        return b64decode(wrapped_key)


@pytest.mark.parametrize("plaintext_footer", [True, False])
def test_encrypted_files_are_refused(tmp_path: Path, *, plaintext_footer: bool) -> None:
    """One whose footer can be read too, of which pyarrow 26 would end the process."""
    config = encryption.EncryptionConfiguration(
        footer_key="f", column_keys={"c": ["b"]}, plaintext_footer=plaintext_footer
    )
    properties = encryption.CryptoFactory(_Keys).file_encryption_properties(
        encryption.KmsConnectionConfig(custom_kms_conf={}), config
    )
    table, path = pa.table({"a": [1], "b": [2]}), tmp_path / "x.parquet"
    with parquet.ParquetWriter(path, table.schema, encryption_properties=properties) as writer:
        writer.write_table(table)
    with rem.connect() as db:
        with pytest.raises(rem.InputError, match="x.parquet (has encrypted columns|cannot be read: .*decrypt)"):
            db.load("t", path)
        with pytest.raises(rem.InputError, match="x.parquet (has encrypted columns|cannot be read: .*decrypt)"):
            db.sql(f"FROM '{path}'")


def test_bytes_that_are_split_into_streams(tmp_path: Path) -> None:
    path, values = tmp_path / "x.parquet", [b"abcde", None, b"fghij"]
    options: Mapping[str, Any] = {"use_dictionary": False, "column_encoding": {"x": "BYTE_STREAM_SPLIT"}}
    parquet.write_table(pa.table({"x": pa.array(values, pa.binary(5))}), path, **options)
    with rem.connect() as db:
        db.load("t", path)
        assert [db.sql("FROM t")["x"].to_list(), db.sql(f"FROM '{path}'")["x"].to_list()] == [values, values]


@pytest.mark.parametrize("statistics", [True, False])
@pytest.mark.parametrize(
    ("value", "dtype"),
    [
        (-1, pa.time64("us")),
        (86_400_000_000, pa.time64("us")),
        (2**31 - 1, pa.date32()),
        (2**63 - 1, pa.timestamp("us")),
    ],
)
def test_values_that_no_type_here_holds(tmp_path: Path, value: int, dtype: pa.DataType, *, statistics: bool) -> None:
    """They are refused, whether the statistics of the file tell of them or not."""
    path = tmp_path / "x.parquet"
    plain = pa.array([value], pa.int32() if dtype == pa.date32() else pa.int64())
    parquet.write_table(pa.table({"x": plain.view(dtype)}), path, write_statistics=statistics)
    with rem.connect() as db, pytest.raises(rem.InputError, match='x.parquet: "x" .* cannot be read'):
        db.load("t", path)


def test_dates_without_statistics(tmp_path: Path) -> None:
    path, days = tmp_path / "x.parquet", [dt.date(2024, 2, 29), None]
    parquet.write_table(pa.table({"x": days, "y": pa.nulls(2, pa.date32())}), path, write_statistics=False)
    with rem.connect() as db:
        db.load("t", path)
        assert db.sql("FROM t").rows() == [(days[0], None), (None, None)]


def test_fewer_rows_than_a_file_says_are_an_error() -> None:
    """Polars 2.1 ends without an error where its reader of Parquet panics."""
    rows = of_lazy(pl.LazyFrame({"a": [1]}), "x.parquet", 2)
    with pytest.raises(rem.InputError, match="x.parquet says that it holds 2 rows, and 1 can be read: it is damaged"):
        list(rows.pieces)


def test_bytes_that_are_no_file(tmp_path: Path) -> None:
    """A footer of any bytes is an InputError, by load and in SQL."""
    with rem.connect() as db:
        for footer in (
            b"",
            b"\x00",
            b"\xff" * 40,
            b"\x15\x02\x19\xfc\xff\xff\xff\xff\x0f",
            b"\x1c" * 100,
            b"\x4c" * 80,
        ):
            path = tmp_path / "x.parquet"
            path.write_bytes(b"PAR1" + footer + len(footer).to_bytes(4, "little") + b"PAR1")
            with pytest.raises(rem.InputError, match="x.parquet"):
                db.load("t", path)
            with pytest.raises(rem.InputError, match="x.parquet"):
                db.sql(f"FROM '{path}'")
            path.with_suffix(".arrow").write_bytes(b"ARROW1\0\0" + footer + b"ARROW1")
            with pytest.raises(rem.InputError, match="x.arrow"):
                db.sql(f"FROM '{path.with_suffix('.arrow')}'")


def test_the_outer_of_two_folders_of_one_key(tmp_path: Path) -> None:
    folder = tmp_path / "x=1" / "x=2"
    folder.mkdir(parents=True)
    parquet.write_table(pa.table({"a": [1]}), folder / "f.parquet")
    with rem.connect() as db:
        assert db.sql(f"FROM '{folder / 'f.parquet'}'").rows() == [(1, 1)]
