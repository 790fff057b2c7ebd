"""A file or folder that is written beside its target is whole under its name, or is not there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from rem_arrow.base.errors import ExecuteError, InputError
from rem_arrow.running import file_sync
from rem_arrow.running.disk_errors import disk_error
from rem_arrow.running.file_sync import file_written_beside, folder_written_beside, make_folder


def names(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir())


def fails(path: Path) -> None:
    raise OSError(28, "No space left on device")


def test_a_folder_appears_whole(tmp_path: Path) -> None:
    """It has another name while it is written, also for two that write at once, and the folders above are made."""
    target = tmp_path / "a" / "b" / "out"
    with folder_written_beside(target) as folder, folder_written_beside(target) as other:
        (folder / "x").write_text("1")
        assert folder != other
        assert not target.exists()
    assert names(target.parent) == ["out"]
    assert (target / "x").read_text() == "1"


def test_an_error_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither one of the writer, nor one of the sync before the renaming or behind it."""
    with pytest.raises(KeyError), folder_written_beside(tmp_path / "out"):
        raise KeyError
    (tmp_path / "file").write_text("old")
    with pytest.raises(KeyError), file_written_beside(tmp_path / "file"):
        raise KeyError
    for calls in range(2):
        left = [None] * calls
        monkeypatch.setattr(file_sync, "sync_file", lambda path, left=left: left.pop() if left else fails(path))
        with pytest.raises(OSError, match="No space"), folder_written_beside(tmp_path / "out"):
            pass
        with pytest.raises(OSError, match="No space"), file_written_beside(tmp_path / "file") as file:
            file.write_text("new")
            left.clear()
    assert names(tmp_path) == ["file"]
    assert (tmp_path / "file").read_text() == "old"


def test_what_failed_and_killed_attempts_left_is_swept(tmp_path: Path) -> None:
    """Of the same target; what another process writes at present is let alone."""
    child = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    dead, parent = int(child.stdout), os.getppid()
    for process in (f"{dead}-1", f"{os.getpid()}-99", f"{parent}-1"):
        (tmp_path / f"out.{process}.writing").mkdir()
    (tmp_path / f"out.{dead}-1.writing.tmp").mkdir()
    (tmp_path / f"other.{dead}-1.writing").mkdir()
    with folder_written_beside(tmp_path / "out"):
        pass
    assert names(tmp_path) == sorted([f"other.{dead}-1.writing", "out", f"out.{parent}-1.writing"])


def test_a_folder_is_made_with_its_name_synced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each new folder is a name in the one above; a folder above that may not be read is no error."""
    synced: list[Path] = []
    monkeypatch.setattr(file_sync, "sync_file", synced.append)
    make_folder(tmp_path / "a" / "b")
    assert synced == [tmp_path, tmp_path / "a"]

    def refused(path: Path) -> None:
        raise PermissionError

    monkeypatch.setattr(file_sync, "sync_file", refused)
    make_folder(tmp_path / "c")
    assert (tmp_path / "c").is_dir()


@pytest.mark.parametrize(
    ("text", "kind", "says"),
    [
        ("IO error: No space left on device: While appending", ExecuteError, "the disk is full"),
        ("kind: StorageFull", ExecuteError, "the disk is full"),
        ("[Errno 122] Disk quota exceeded", ExecuteError, "the disk is full"),
        ("[Errno 30] Read-only file system", InputError, "cannot be written"),
        ("[Errno 5] Input/output error", ExecuteError, "the disk failed"),
    ],
)
def test_errors_of_a_disk_are_told_from_others(text: str, kind: type[Exception], says: str) -> None:
    """By what the system calls them, in whatever library."""
    error = disk_error(RuntimeError(text), "writing x")
    assert type(error) is kind and says in str(error) and str(error).startswith("writing x: ")
    assert disk_error(RuntimeError("Corruption: block checksum mismatch"), "reading x") is None
