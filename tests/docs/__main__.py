"""Write what is made: the reference, outputs of code blocks, tables. `python -m tests.docs`, or `make docs`."""

from __future__ import annotations

from tests.docs import reference
from tests.docs.pages import REFERENCE, with_outputs, written
from tests.docs.tables import with_made_parts


def main() -> None:
    """Rewrite the pages in place."""
    REFERENCE.mkdir(exist_ok=True)
    pages = reference.pages()
    for name, text in pages.items():
        (REFERENCE / name).write_text(text, encoding="utf-8")
    for path in REFERENCE.glob("*.md"):
        if path.name not in pages:
            path.unlink()
    for page in written():
        page.write_text(with_made_parts(page.read_text(encoding="utf-8")), encoding="utf-8")
        page.write_text(with_outputs(page), encoding="utf-8")


if __name__ == "__main__":
    main()
