"""COPY reads and writes the files that the connection allows, and no others."""

from __future__ import annotations

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
