"""Text files that become documents: finding them, and reading them."""

from __future__ import annotations

import glob
from collections.abc import Iterable, Iterator
from itertools import takewhile
from pathlib import Path

from rem_arrow.base.errors import InputError

_MARKDOWN = (".md", ".markdown", ".mdx")
_SUFFIXES = (*_MARKDOWN, ".rst", ".txt")


def document_paths(source: str | Path) -> list[Path]:
    """Return the files of a folder or a glob pattern, or the one file, in order of their names. Raises InputError if
    there are none."""
    path = Path(source)
    if path.is_file():
        return [path]
    if path.is_dir():
        paths = sorted(_texts_below(path))
        if not paths:
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


def is_markdown(path: Path) -> bool:
    """Return whether a file's name is that of a Markdown file."""
    return path.suffix.lower() in _MARKDOWN


def read_document(path: Path) -> str:
    """Return the text of a file without a byte order mark; line ends are kept. Raises InputError."""
    if path.exists() and not path.is_file() and not path.is_dir():
        raise InputError(f"{path} is no file but a pipe or a device; give a file, or the text itself")
    try:
        return path.read_bytes().decode("utf-8-sig")
    except IsADirectoryError as error:
        raise InputError(f"{path} is a folder; add_documents adds the files in it") from error
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path} is not UTF-8 at byte {error.start}; decode it, and give the text and a uri"
        ) from error


def _texts_below(folder: Path) -> Iterator[Path]:
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
