"""Small real files of every kind that is taken."""

import struct
import zlib
from io import BytesIO
from zipfile import ZipFile

import xlsxwriter

PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01" + b"\x00" * 20 + b"\xff\xd9"
WEBP = b"RIFF\x1a\x00\x00\x00WEBPVP8L" + b"\x00" * 14
TEXT = "样品,数量\n电池包,2\n".encode()


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">L", len(data)) + kind + data + struct.pack(">L", zlib.crc32(kind + data))


PNG = (
    b"\x89PNG\r\n\x1a\n"
    + _chunk(b"IHDR", struct.pack(">LLBBBBB", 1, 1, 8, 0, 0, 0, 0))
    + _chunk(b"IDAT", zlib.compress(b"\x00\x00"))
    + _chunk(b"IEND", b"")
)


def archive(*members: str) -> bytes:
    """A ZIP archive with these members."""
    file = BytesIO()
    with ZipFile(file, "w") as made:
        for member in members:
            made.writestr(member, "x")
    return file.getvalue()


def workbook() -> bytes:
    file = BytesIO()
    made = xlsxwriter.Workbook(file)
    made.add_worksheet().write(0, 0, "样品")
    made.close()
    return file.getvalue()


DOCX = archive("[Content_Types].xml", "word/document.xml")
MACROS = archive("[Content_Types].xml", "xl/workbook.xml", "xl/vbaProject.bin")
EXCEL_97 = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 500
