"""Files of text that become documents: which ones are meant, and what they hold."""

from __future__ import annotations

import glob
from collections.abc import Iterator
from pathlib import Path

from rem_arrow.errors import InputError

_MARKDOWN = (".md", ".markdown", ".mdx")
_SUFFIXES = (*_MARKDOWN, ".rst", ".txt")


def document_paths(given: str | Path) -> list[Path]:
    """Return the files that a folder, a glob pattern or a file means, in order of their names. Raises InputError if
    there are none."""
    path = Path(given)
    if path.is_file():
        return [path]
    if path.is_dir():
        found = sorted(_texts_below(path))
        if not found:
            raise InputError(
                f"no documents in {path}; a folder gives its files called {', '.join(_SUFFIXES)}, and a pattern such "
                f"as {path / '**' / '*.py'} any others"
            )
        return found
    if not glob.has_magic(str(given)):
        raise InputError(
            f"no file or folder {str(given)!r}; give a path, a folder, or a pattern such as 'docs/**/*.md'"
        )
    found = sorted(p for p in map(Path, glob.glob(str(given), recursive=True)) if p.is_file())
    if not found:
        raise InputError(f"no file matches {str(given)!r}")
    return found


def is_markdown(path: Path) -> bool:
    """Say whether a file is Markdown by its name."""
    return path.suffix.lower() in _MARKDOWN


def read_document(path: Path) -> str:
    """Return the text of a file, its line ends as they are, without a byte order mark. Raises InputError."""
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
        if not hidden and path.suffix.lower() in _SUFFIXES and path.is_file():
            yield path
