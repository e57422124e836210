"""Create a minimal Excel workbook, as specified by ECMA-376 (Office Open XML)."""

import io
import zipfile
from collections.abc import Sequence
from datetime import date
from typing import Final, TypeAlias
from xml.sax.saxutils import escape

Cell: TypeAlias = str | int | float | bool | date | None

_MAIN: Final = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
_RELATIONSHIPS: Final = "http://schemas.openxmlformats.org/package/2006/relationships"
_OFFICE: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_TYPES: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_FILES: Final = {
    "[Content_Types].xml": (
        '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPES}.sheet.main+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{_TYPES}.styles+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_TYPES}.worksheet+xml"/></Types>'
    ),
    "_rels/.rels": (
        f'<Relationships xmlns="{_RELATIONSHIPS}"><Relationship Id="rId1" Type="{_OFFICE}/officeDocument"'
        ' Target="xl/workbook.xml"/></Relationships>'
    ),
    "xl/workbook.xml": (
        f'<workbook {_MAIN} xmlns:r="{_OFFICE}"><sheets>'
        '<sheet name="People" sheetId="1" r:id="rId1"/></sheets></workbook>'
    ),
    "xl/_rels/workbook.xml.rels": (
        f'<Relationships xmlns="{_RELATIONSHIPS}">'
        f'<Relationship Id="rId1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
        f'<Relationship Id="rId2" Type="{_OFFICE}/styles" Target="styles.xml"/></Relationships>'
    ),
    # Style 1 is a date (number format 14).
    "xl/styles.xml": (
        f'<styleSheet {_MAIN}><cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>'
    ),
}
_DAY_ZERO: Final = date(1899, 12, 30)


def workbook(rows: Sequence[Sequence[Cell]]) -> bytes:
    """Return an .xlsx file with these rows in a single sheet."""
    written = "".join(f'<row r="{number}">{_row(row, number)}</row>' for number, row in enumerate(rows, start=1))
    sheet = f"<worksheet {_MAIN}><sheetData>{written}</sheetData></worksheet>"
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in {**_FILES, "xl/worksheets/sheet1.xml": sheet}.items():
            archive.writestr(name, f'<?xml version="1.0" encoding="UTF-8"?>{text}')
    return file.getvalue()


def _row(row: Sequence[Cell], number: int) -> str:
    return "".join(_cell(cell, f"{chr(ord('A') + column)}{number}") for column, cell in enumerate(row))


def _cell(cell: Cell, place: str) -> str:
    match cell:
        case None:
            return ""
        case bool():
            return f'<c r="{place}" t="b"><v>{int(cell)}</v></c>'
        case date():
            return f'<c r="{place}" s="1"><v>{(cell - _DAY_ZERO).days}</v></c>'
        case int() | float():
            return f'<c r="{place}"><v>{cell}</v></c>'
        case str():
            return f'<c r="{place}" t="inlineStr"><is><t>{escape(cell)}</t></is></c>'
