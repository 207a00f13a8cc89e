"""Sheets to test with: workbooks made by openpyxl, and workbooks whose XML is written by hand."""

from __future__ import annotations

import io
import zipfile

import openpyxl

HEADER = ["username", "platform", "device"]
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_LINK = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def book(rows, *, merged=(), formats=(), hidden_rows=(), hidden_columns=(), title=None, more=()):
    """Return an xlsx file: `rows` in its first sheet, and for each of `more` (name, state, rows) another one."""
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    sheet.title = title or "Sheet1"
    for row in rows:
        sheet.append(row)
    for cell, code in formats:
        sheet[cell].number_format = code
    for area in merged:
        sheet.merge_cells(area)
    for number in hidden_rows:
        sheet.row_dimensions[number].hidden = True
    for letter in hidden_columns:
        sheet.column_dimensions[letter].hidden = True
    for name, state, others in more:
        other = workbook.create_sheet(name)
        other.sheet_state = state
        for row in others:
            other.append(row)
    out = io.BytesIO()
    workbook.save(out)
    return out.getvalue()


def raw_book(sheet, *, texts=None, head="", more=()):
    """Return an xlsx file with the XML of `sheet` in it: what stands in `worksheet`, and the shared texts' `sst`."""
    link = f'<Relationship Id="{{}}" Type="{_LINK}/{{}}" Target="{{}}"/>'
    links = link.format("r1", "worksheet", "worksheets/sheet1.xml")
    parts = {
        "_rels/.rels": _links(link.format("r1", "officeDocument", "/xl/workbook.xml")),
        "xl/workbook.xml": (
            f'<workbook xmlns="{_MAIN}" xmlns:r="{_LINK}"><sheets><sheet name="Sheet1" sheetId="1" r:id="r1"/></sheets>'
            "</workbook>"
        ),
        "xl/worksheets/sheet1.xml": f'{head}<x:worksheet xmlns:x="{_MAIN}">{_prefixed(sheet)}</x:worksheet>',
        **dict(more),
    }
    if texts is not None:
        links += link.format("r2", "sharedStrings", "sharedStrings.xml")
        parts["xl/sharedStrings.xml"] = f'<sst xmlns="{_MAIN}">{texts}</sst>'
    parts["xl/_rels/workbook.xml.rels"] = _links(links)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return out.getvalue()


def _links(links):
    return (
        f'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{links}</Relationships>'
    )


def _prefixed(xml):
    return xml.replace("</", "\0").replace("<", "<x:").replace("\0", "</x:")


def inline(*cells):
    """Return the XML of cells that hold texts, by reference: `("A1", "username")`."""
    return "".join(f'<c r="{name}" t="inlineStr"><is><t>{text}</t></is></c>' for name, text in cells)
