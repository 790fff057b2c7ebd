"""COPY reads and writes the files that the connection allows, and no others."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import rem_arrow as rem

READ, WRITE = "COPY t FROM '{}' (FORMAT csv)", "COPY (SELECT 1 AS n) TO '{}' (FORMAT csv)"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a database, a folder for files, a file outside and links to both."""
    with rem.connect(tmp_path / "db") as db:
        db.sql("CREATE TABLE t (n INTEGER)")
    for name in ("in", "out"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.csv").write_text("n\n1\n")
    (tmp_path / "in" / "link").symlink_to(tmp_path / "out")
    (tmp_path / "in" / "a_link.csv").symlink_to(tmp_path / "out" / "a.csv")
    return tmp_path


@pytest.mark.parametrize("text", [READ, WRITE])
@pytest.mark.parametrize("name", ["out/a.csv", "in/../out/a.csv", "in/link/a.csv", "in/a_link.csv", "db/CURRENT"])
def test_only_files_below_the_folder(folder: Path, text: str, name: str) -> None:
    """Dots and links lead nowhere else; what is refused is as it was."""
    with rem.connect(folder / "db", files=folder / "in") as db:
        before = (folder / "out" / "a.csv").read_bytes()
        with pytest.raises(rem.InputError, match="lies outside of"):
            db.sql(text.format(folder / name))
        assert (folder / "out" / "a.csv").read_bytes() == before
        db.sql(text.format(folder / "in" / "a.csv"))


@pytest.mark.parametrize("text", [READ, WRITE])
@pytest.mark.parametrize("files", ["any", ".", ["out", "db"]])
def test_never_inside_a_database(
    folder: Path, text: str, files: str | list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither its own nor another one, whatever is allowed."""
    monkeypatch.chdir(folder)
    rem.connect(folder / "other").close()
    with rem.connect(folder / "db", files=files) as db:
        for name in ("db/CURRENT", "db/new.csv", "db/vectors/x.csv"):
            with pytest.raises(rem.InputError, match="lies inside the database"):
                db.sql(text.format(folder / name))
        if files == "any":
            with pytest.raises(rem.InputError, match="lies inside the database"):
                db.sql(text.format(folder / "other" / "CURRENT"))
    rem.connect(folder / "db").close()


def test_a_read_only_connection_touches_no_files(folder: Path) -> None:
    """Unless it is told to."""
    with rem.connect(folder / "db", read_only=True) as db:
        with pytest.raises(rem.InputError, match="SQL reads and writes no files here"):
            db.sql(WRITE.format(folder / "in" / "b.csv"))
        assert not (folder / "in" / "b.csv").exists()
    with rem.connect(folder / "db", read_only=True, files=folder / "in") as db:
        db.sql(WRITE.format(folder / "in" / "b.csv"))
        assert (folder / "in" / "b.csv").read_text() == "n\n1\n"


@pytest.mark.parametrize("files", ["nowhere", 3, ["in", 3], {"in"}])
def test_files_is_checked(folder: Path, files: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is no folder is refused when the database is opened, and leaves nothing open."""
    monkeypatch.chdir(folder)
    with pytest.raises(rem.InputError, match="files"):
        rem.connect(folder / "db", files=files)
    rem.connect(folder / "db").close()


@pytest.mark.parametrize("text", [READ, WRITE])
@pytest.mark.parametrize("swapped", ["in/sub", "in/sub/a.csv"])
def test_a_link_that_comes_between_check_and_opening(
    folder: Path, text: str, swapped: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Is not followed: neither as a folder on the way nor as the file."""
    (folder / "in" / "sub").mkdir()
    (folder / "in" / "sub" / "a.csv").write_text("n\n1\n")
    (folder / "out" / "a.csv").write_text("n\n7\n")
    resolved = os.path.realpath

    def then_swapped(name: str) -> str:
        path = resolved(name)
        if name == str(folder / "in" / "sub" / "a.csv"):
            (folder / swapped).rename(folder / "moved")
            (folder / swapped).symlink_to(resolved(folder / "out" / ("a.csv" if swapped.endswith("csv") else "")))
        return path

    with rem.connect(folder / "db", files=folder / "in") as db:
        monkeypatch.setattr(os.path, "realpath", then_swapped)
        with pytest.raises(rem.InputError, match="there is no file|cannot be (read|written)"):
            db.sql(text.format(folder / "in" / "sub" / "a.csv"))
        assert (folder / "out" / "a.csv").read_text() == "n\n7\n"
        assert db.sql("FROM t").height == 0


def test_a_link_that_waits_for_the_temporary_file(folder: Path) -> None:
    """Nobody can foresee the name under which a file is written."""
    (folder / "in" / f"a.csv.{os.getpid()}.writing").symlink_to(folder / "out" / "a.csv")
    (folder / "out" / "a.csv").write_text("n\n7\n")
    with rem.connect(folder / "db", files=folder / "in") as db:
        db.sql(WRITE.format(folder / "in" / "a.csv"))
    assert (folder / "out" / "a.csv").read_text() == "n\n7\n"
    assert sorted(p.name for p in (folder / "in").glob("*.csv")) == ["a.csv", "a_link.csv"]


def test_a_hard_link_is_replaced_not_written_through(folder: Path) -> None:
    """The other name of the file keeps its content."""
    (folder / "in" / "b.csv").hardlink_to(folder / "out" / "a.csv")
    with rem.connect(folder / "db", files=folder / "in") as db:
        db.sql("COPY (SELECT 9 AS n) TO '{}'".format(folder / "in" / "b.csv"))
    assert (folder / "in" / "b.csv").read_text() == "n\n9\n"
    assert (folder / "out" / "a.csv").read_text() == "n\n1\n"


@pytest.mark.parametrize("text", [READ, WRITE])
@pytest.mark.parametrize("name", ["pipe.csv", "folder.csv", "link_to_pipe.csv"])
def test_pipes_and_folders_are_no_files(folder: Path, text: str, name: str) -> None:
    """They are neither waited for nor replaced by a file. So it is with devices, which no test writes to."""
    os.mkfifo(folder / "pipe.csv")
    (folder / "folder.csv").mkdir()
    (folder / "link_to_pipe.csv").symlink_to(folder / "pipe.csv")
    before = (folder / name).lstat()
    with (
        rem.connect(folder / "db") as db,
        pytest.raises(rem.InputError, match="there is no file|cannot be (read|written)"),
    ):
        db.sql(text.format(folder / name))
    after = (folder / name).lstat()
    assert (before.st_mode, before.st_ino) == (after.st_mode, after.st_ino)


@pytest.mark.parametrize("format_", ["csv", "json", "parquet", "arrow"])
@pytest.mark.parametrize("name", ["[a].x", "?.x", "*.x", "file:a.x", "file:{}/out/a.x", "~/a.x"])
def test_a_name_is_no_pattern_and_no_address(
    folder: Path, format_: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file of exactly this name is written and read, in every format."""
    monkeypatch.chdir(folder / "in")
    monkeypatch.setenv("HOME", str(folder / "out"))
    name = name.format(folder)
    (folder / "in" / name).parent.mkdir(parents=True, exist_ok=True)
    with rem.connect(folder / "db") as db:
        db.sql(f"COPY (SELECT 7 AS n) TO 'a.x' (FORMAT {format_})")
        db.sql(f"COPY (SELECT 3 AS n) TO '{name}' (FORMAT {format_})")
        db.sql(f"COPY t FROM '{name}' (FORMAT {format_})")
        assert db.sql("FROM t").rows() == [(3,)]
    assert sorted(p.name for p in (folder / "out").iterdir()) == ["a.csv"]


@pytest.mark.parametrize("address", ["https://localhost:1/a", "s3://b/a", "hf://datasets/a", "file://{}/out/a.csv"])
@pytest.mark.parametrize("text", [READ, WRITE])
def test_addresses_are_names_of_files_that_do_not_exist(
    folder: Path, text: str, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is fetched from a network or sent to one."""
    monkeypatch.chdir(folder / "in")
    with (
        rem.connect(folder / "db") as db,
        pytest.raises(rem.InputError, match="there is no file|cannot be written: No such file"),
    ):
        db.sql(text.format(address.format(folder)))
    assert sorted(p.name for p in (folder / "out").iterdir()) == ["a.csv"]


@pytest.mark.parametrize("text", [READ, WRITE])
@pytest.mark.parametrize("name", ["", "a\0b", "a\ud800", "x" * 300, "x/" * 3000])
def test_names_that_no_file_can_have(folder: Path, text: str, name: str) -> None:
    """Are refused as all others."""
    with (
        rem.connect(folder / "db", files=folder) as db,
        pytest.raises(rem.InputError, match="no name of a file|lies outside|cannot be|there is no file|surrogate"),
    ):
        db.sql(text.format(name and f"{folder}/{name}"))


PARTS = "COPY (SELECT 1 AS n, v FROM (VALUES ('../x'), ('..')) t(v)) TO '{}' (FORMAT csv, PARTITION_BY v)"


@pytest.mark.parametrize("place", ["out/parts", "db/parts", "db", "in/link/parts"])
def test_a_folder_of_parts_lies_in_an_allowed_one(folder: Path, place: str) -> None:
    """And so do its parts, whatever their values are."""
    with rem.connect(folder / "db", files=folder / "in") as db:
        with pytest.raises(rem.InputError, match="lies outside"):
            db.sql(PARTS.format(folder / place))
        db.sql(PARTS.format(folder / "in" / "parts"))
    assert sorted(p.name for p in (folder / "out").iterdir()) == ["a.csv"]
    assert sorted(p.name for p in (folder / "in" / "parts").iterdir()) == ["v=..", "v=..%2Fx"]


def test_a_folder_is_not_made_a_database(folder: Path) -> None:
    """By a file that is called as a database's; everything else there would be refused from then on."""
    with (
        rem.connect(folder / "db", files=folder / "in") as db,
        pytest.raises(rem.InputError, match="would make its folder look like a database"),
    ):
        db.sql(WRITE.format(folder / "in" / "CURRENT"))


@pytest.mark.parametrize(
    "text",
    [
        "ATTACH '{}' AS other",
        "INSTALL httpfs",
        "LOAD '{}'",
        "EXPORT DATABASE '{}'",
        "IMPORT DATABASE '{}'",
        "SELECT getenv('HOME')",
        "COPY t FROM PROGRAM 'cat {}'",
        "COPY t TO PROGRAM 'cat'",
        "COPY t FROM STDIN",
        "COPY t TO STDOUT",
    ],
)
def test_other_statements_and_functions_have_no_files(folder: Path, text: str) -> None:
    """Functions, settings and statements with which other databases reach files, programs and the environment are
    errors."""
    before = sorted(folder.rglob("*"))
    with (
        rem.connect(folder / "db") as db,
        pytest.raises((rem.UnsupportedError, rem.BindError, rem.ParseError)),
    ):
        db.sql(text.format(folder / "out" / "a.csv"))
    assert [p for p in sorted(folder.rglob("*")) if "db" not in p.parts] == [p for p in before if "db" not in p.parts]
