"""The parts of the README that are made: the output of the tour and the tables of functions. `python -m tests.readme`
rewrites them."""

from __future__ import annotations

import contextlib
import io
import re
import tempfile
from pathlib import Path

from rem_arrow.datatypes import sql_name
from rem_arrow.plan import functions
from rem_arrow.plan.index_functions import INDEX_FUNCTIONS

README = Path(__file__).parents[1] / "README.md"
_BLOCK = re.compile(r"```python\n(.*?)```\n(?:```text\n(.*?)```)?", re.S)


def tour() -> list[tuple[str, str]]:
    """Return the tour's code blocks, each with the output that the README gives."""
    text = README.read_text(encoding="utf-8")
    part = text[text.index("<!-- tour -->") : text.index("<!-- /tour -->")]
    return [(m.group(1), m.group(2) or "") for m in _BLOCK.finditer(part)]


def run_tour() -> list[str]:
    """Run the blocks in one namespace and return what each prints."""
    names: dict[str, object] = {"__name__": "tour"}
    printed = []
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        for code, _ in tour():
            out = io.StringIO()
            with contextlib.redirect_stdout(out):
                exec(compile(code, str(README), "exec", dont_inherit=True), names)
            printed.append(out.getvalue())
    return printed


def function_table() -> str:
    """Return the functions of the catalog as Markdown."""
    others: dict[str, list[str]] = {}
    for alias, name in functions.ALIASES.items():
        others.setdefault(name, []).append(alias)

    def listed(names: list[str]) -> str:
        return ", ".join(
            f"`{n}`" + (f" ({', '.join(f'`{o}`' for o in others[n])})" if n in others else "") for n in names
        )

    scalar = sorted(
        n
        for n in functions.SCALAR
        if n[0].isalpha() and n not in ("not", "is_null", "is_distinct", "negate", "concat_operator")
    )
    return (
        f"| kind | functions (other names) |\n| --- | --- |\n| scalar | {listed(scalar)} |\n| aggregate | "
        f"{listed(sorted(functions.AGGREGATES))} |\n"
    )


def index_table() -> str:
    """Return the functions that an index answers as Markdown."""
    rows = []
    for f in INDEX_FUNCTIONS.values():
        columns = ", ".join(name for name, _ in f.columns)
        options = "; ".join(f"`{o.name}`: {o.doc} ({', '.join(o.choices) or sql_name(o.dtype)})" for o in f.options)
        rows.append(f"| `{f.signature}` | {f.doc} | {columns} | {options} |\n")
    return "| in FROM | rows | columns | options |\n| --- | --- | --- | --- |\n" + "".join(rows)


def rewrite() -> None:
    """Put what is made into the README."""
    text = README.read_text(encoding="utf-8")
    for (code, old), new in zip(tour(), run_tour(), strict=True):
        text = text.replace(f"{code}```\n```text\n{old}```", f"{code}```\n```text\n{new}```")
    table = re.compile(r"(<!-- functions -->\n).*?(<!-- /functions -->)", re.S)
    text = table.sub(lambda m: m.group(1) + function_table() + m.group(2), text)
    table = re.compile(r"(<!-- index functions -->\n).*?(<!-- /index functions -->)", re.S)
    README.write_text(table.sub(lambda m: m.group(1) + index_table() + m.group(2), text), encoding="utf-8")


if __name__ == "__main__":
    rewrite()
