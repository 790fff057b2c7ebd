"""One sheet of a spreadsheet as rows, by fastexcel (the extra `excel`)."""

from __future__ import annotations

from io import FileIO

import polars as pl

from rem_arrow.base.errors import InputError, UnsupportedError
from rem_arrow.base.read_options import ReadOptions
from rem_arrow.files.csv_dialect import unique_names
from rem_arrow.files.streams import place_of


def excel_rows(file: FileIO, name: str, options: ReadOptions) -> pl.DataFrame:
    """Return the rows of a sheet, by default the first. Raises InputError."""
    try:
        import fastexcel
    except ImportError as error:
        raise UnsupportedError("spreadsheets need fastexcel: pip install 'rem_arrow[excel]'") from error
    try:
        book = fastexcel.read_excel(place_of(file).read())
        sheets = book.sheet_names
        wanted = options.sheet if options.sheet is not None else 1
        if isinstance(wanted, int):
            if not 1 <= wanted <= len(sheets):
                raise InputError(f"{name} has {len(sheets)} sheets, and no sheet {wanted}: {', '.join(sheets)}")
            wanted = sheets[wanted - 1]
        if wanted not in sheets:
            raise InputError(f"{name} has no sheet {wanted!r}; it has {', '.join(sheets)}")
        sheet = book.load_sheet(
            wanted,
            header_row=None if options.header is False else options.skip_rows,
            skip_rows=options.skip_rows if options.header is False else None,
            dtype_coercion="coerce",
        )
        frame = sheet.to_polars()
    except fastexcel.FastExcelError as error:
        raise InputError(f"{name} cannot be read as a spreadsheet: {str(error).splitlines()[0]}") from error
    plain = ["" if n.startswith("__UNNAMED__") else n for n in frame.columns]
    return frame.rename(dict(zip(frame.columns, unique_names(plain), strict=True)))
