"""Files that become documents: finding them, naming them, and reading their bytes."""

from __future__ import annotations

import glob
import os
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from itertools import takewhile
from pathlib import Path

from rem_arrow.base.errors import InputError

DOCUMENT_BYTES_MAX = 1 << 28
_SUFFIXES = (".md", ".markdown", ".mdx", ".rst", ".txt", ".html", ".htm", ".pdf", ".docx")


def document_paths(source: str | Path, *, none: bool = False) -> list[Path]:
    """Return the files of a folder or a glob pattern, or the one file, each once, in order of their names. Raises
    InputError if there are none.

    Args:
        none: a folder may have none.
    """
    path = Path(source)
    if path.is_file():
        return [path]
    if path.is_dir():
        paths = _once(_documents_below(path))
        if not paths and not none:
            raise InputError(
                f"no documents in {path}; a folder gives its files called {', '.join(_SUFFIXES)}, and a pattern such "
                f"as {path / '**' / '*.py'} any others"
            )
        return paths
    if not glob.has_magic(str(source)):
        raise InputError(
            f"no file or folder {str(source)!r}; give a path, a folder, or a pattern such as 'docs/**/*.md'"
        )
    base = _without_magic(Path(source))
    paths = _once(p for p in map(Path, glob.glob(str(source), recursive=True)) if p.is_file() and _lies_in(p, base))
    if not paths:
        raise InputError(f"no file matches {str(source)!r}")
    return paths


def file_uri(path: Path, names_in: Callable[[str], list[str]] = os.listdir) -> str:
    """Return the one name of a file however it is typed: absolute, with links resolved, and each part as its folder
    lists it, since a file system may not tell A from a.

    Args:
        names_in: lists the names in a folder.
    """
    place = Path(os.path.realpath(path))
    named = Path(place.anchor)
    for part in place.parts[1:]:
        named /= _listed(part, str(named), names_in)
    return named.as_posix()


def _listed(part: str, folder: str, names_in: Callable[[str], list[str]]) -> str:
    """Return a name as a folder lists it; unchanged where the folder may not be listed."""
    try:
        names = names_in(folder)
    except OSError:
        return part
    if part in names:
        return part
    folded = unicodedata.normalize("NFC", part).casefold()
    return next((n for n in names if unicodedata.normalize("NFC", n).casefold() == folded), part)


def read_bytes(path: Path) -> bytes:
    """Return what a file holds. Raises InputError for what is no file, or too large."""
    if path.exists() and not path.is_file() and not path.is_dir():
        raise InputError(f"{path} is no file but a pipe or a device; give a file, or the text itself")
    try:
        size = path.stat().st_size
        if size > DOCUMENT_BYTES_MAX:
            raise InputError(
                f"{path} has {size:,} bytes, and a document has at most {DOCUMENT_BYTES_MAX:,}; split it, or load its "
                "parts as rows"
            )
        return path.read_bytes()
    except IsADirectoryError as error:
        raise InputError(f"{path} is a folder; add_documents adds the files in it") from error
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}") from error


def _documents_below(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if not hidden and path.suffix.lower() in _SUFFIXES and path.is_file() and _lies_in(path, folder):
            yield path


def _lies_in(path: Path, folder: Path) -> bool:
    """Return whether a file lies below a folder: a link that leads out of it is passed over."""
    return path.resolve().is_relative_to(folder.resolve())


def _once(paths: Iterable[Path]) -> list[Path]:
    """Return each file once, in order of names, by its shortest one: a link to a folder gives its files other names."""
    by_file: dict[Path, Path] = {}
    for path in sorted(paths, key=lambda p: (len(p.parts), p)):
        by_file.setdefault(path.resolve(), path)
    return sorted(by_file.values())


def _without_magic(pattern: Path) -> Path:
    """Return the folder before the first part of a pattern that is no plain name."""
    plain = takewhile(lambda part: not glob.has_magic(part), pattern.parts)
    return Path(*plain)
