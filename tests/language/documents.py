"""Small files of other programs' kinds, written by hand: PDF and DOCX."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"


def pdf(
    pages: Sequence[Sequence[tuple[float, str]]], *, title: str = "", outline: Sequence[tuple[str, int]] = ()
) -> bytes:
    """Return a PDF of pages of lines, each with the size of its letters; an outline names titles and pages, from 0."""
    objects = [
        "<< /Type /Catalog /Pages 2 0 R /Outlines 5 0 R >>",
        "",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    objects += [f"<< /Title ({title}) >>", ""]
    kids = []
    for lines in pages:
        y, stream = 780.0, ["BT"]
        for size, text in lines:
            y -= size * 1.5
            escaped = text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
            stream.append(f"/F1 {size} Tf 1 0 0 1 50 {y} Tm ({escaped}) Tj")
        content = "\n".join([*stream, "ET"])
        objects.append(f"<< /Length {len(content)} >>\nstream\n{content}\nendstream")
        objects.append(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Resources << /Font << /F1 3 0 R >> >> "
            f"/Contents {len(objects)} 0 R >>"
        )
        kids.append(len(objects))
    first = len(objects) + 1
    for place, (name, page) in enumerate(outline):
        after = f"/Next {first + place + 1} 0 R" if place + 1 < len(outline) else ""
        objects.append(f"<< /Title ({name}) /Parent 5 0 R {after} /Dest [{kids[page]} 0 R /Fit] >>")
    objects[1] = f"<< /Type /Pages /Kids [{' '.join(f'{k} 0 R' for k in kids)}] /Count {len(kids)} >>"
    objects[4] = f"<< /First {first} 0 R /Last {len(objects)} 0 R /Count {len(outline)} >>" if outline else "<< >>"
    out, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += f"{number} 0 obj\n{body}\nendobj\n".encode("latin-1")
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    trailer = f"trailer << /Size {len(objects) + 1} /Root 1 0 R /Info 4 0 R >>\nstartxref\n{len(out)}\n%%EOF"
    return out + f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}{trailer}".encode("latin-1")


def paragraph(text: str, *, style: str = "", item: int | None = None) -> str:
    """Return a paragraph of WordprocessingML."""
    shape = f'<w:pStyle w:val="{style}"/>' if style else ""
    shape += "" if item is None else f'<w:numPr><w:ilvl w:val="{item}"/><w:numId w:val="1"/></w:numPr>'
    return f'<w:p><w:pPr>{shape}</w:pPr><w:r><w:t xml:space="preserve">{escape(text)}</w:t></w:r></w:p>'


def docx(body: str, parts: Mapping[str, str | bytes] | None = None, *, styles: str = "", core: str = "") -> bytes:
    """Return a document of Word with a body, and other parts by name."""
    files: dict[str, str | bytes] = {
        "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
        "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}"><Relationship Id="r1" Type="{_OFFICE}/officeDocument" '
        'Target="word/document.xml"/></Relationships>',
        "word/document.xml": f'<w:document xmlns:w="{_WORD}"><w:body>{body}</w:body></w:document>',
        "word/styles.xml": f'<w:styles xmlns:w="{_WORD}">{styles}</w:styles>',
        "docProps/core.xml": f'<c xmlns:dc="http://purl.org/dc/elements/1.1/">{core}</c>',
        **(parts or {}),
    }
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return file.getvalue()
