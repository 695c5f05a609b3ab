"""What a file is, is told by its content; its name must not say otherwise."""

from io import BytesIO

import pytest

from app.files import rules
from app.files.content import MOST_LIST, inspect
from tests.files import samples

MEGABYTE = rules.MEGABYTE


def kept_as(name: str, data: bytes) -> str:
    """The media type under which a file of this name and content is kept."""
    clean = rules.clean_name(name)
    kind = inspect(BytesIO(data), clean, MEGABYTE).kind
    rules.checked_name(clean, kind)
    assert kind is not None
    return kind.media_type


@pytest.mark.parametrize(
    ("name", "data", "media_type"),
    [
        ("报告.pdf", samples.PDF, "application/pdf"),
        ("A.PDF", samples.PDF, "application/pdf"),
        ("没有扩展名", samples.PDF, "application/pdf"),
        ("a.png", samples.PNG, "image/png"),
        ("a.jpg", samples.JPEG, "image/jpeg"),
        ("a.jpeg", samples.JPEG, "image/jpeg"),
        ("a.webp", samples.WEBP, "image/webp"),
        ("a.xlsx", samples.workbook(), rules.XLSX.media_type),
        ("a.docx", samples.DOCX, rules.DOCX.media_type),
        ("a.zip", samples.archive("a/b.txt", "样品.txt"), "application/zip"),
        ("a.csv", samples.TEXT, "text/csv"),
        ("a.txt", samples.TEXT, "text/plain"),
        # A character that lies across two pieces of reading.
        ("long.txt", b"x" + "样".encode() * 50_000, "text/plain"),
    ],
)
def test_what_is_taken(name: str, data: bytes, media_type: str) -> None:
    assert kept_as(name, data) == media_type


@pytest.mark.parametrize(
    ("name", "data", "refusal"),
    [
        ("report.pdf", samples.TEXT, rules.NotWhatItSays),
        ("report.pdf", samples.PDF[:-8], rules.NotWhatItSays),
        ("report.pdf", samples.EXCEL_97, rules.NotWhatItSays),
        ("a.png", samples.JPEG, rules.NotWhatItSays),
        ("a.xlsx", samples.archive("a.txt"), rules.NotWhatItSays),
        ("a.zip", samples.workbook(), rules.NotWhatItSays),
        ("a.xlsx", samples.workbook()[:-30], rules.NotWhatItSays),
        ("a.xlsx", samples.MACROS, rules.NotWhatItSays),
        ("a.exe", samples.PDF, rules.ExtensionWrong),
        ("a.html", b"<script>alert(1)</script>", rules.ExtensionWrong),
        ("a.svg", b"<svg onload='alert(1)'/>", rules.ExtensionWrong),
        ("a.csv", "样品".encode("gb18030"), rules.NotUtf8),
        ("a.txt", "样".encode()[:2], rules.NotUtf8),
        ("a.txt", b"a\x00b", rules.NotUtf8),
        ("a.xls", samples.EXCEL_97, rules.KindUnknown),
        ("", b"\x7fELF\x02\x01", rules.KindUnknown),
    ],
)
def test_what_is_refused(name: str, data: bytes, refusal: type[rules.FileRefused]) -> None:
    with pytest.raises(refusal):
        kept_as(name, data)


def test_a_list_of_members_without_end_is_not_read() -> None:
    """An archive of nothing but its list would fill the memory of whoever unpacks that."""
    endless = samples.archive("a.txt")
    at = endless.rfind(b"PK\x05\x06")
    forged = endless[: at + 12] + (MOST_LIST + 1).to_bytes(4, "little") + endless[at + 16 :]
    assert inspect(BytesIO(forged), "a.zip", MEGABYTE).kind is None


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("../../etc/passwd.txt", "passwd.txt"),
        ("C:\\样品\\照片.png", "照片.png"),
        ("a\x00b\r\nc.pdf", "abc.pdf"),
        # Reversed on the screen this would read exe.fdp.
        ("pdf.\u202eexe.pdf", "pdf.exe.pdf"),
        (" .. ", ""),
        ("样" * 200 + ".pdf", "样" * 116 + ".pdf"),
        ("x" * 200, "x" * 120),
    ],
)
def test_a_name_is_no_path(given: str, name: str) -> None:
    assert rules.clean_name(given) == name


def test_reading_stops_at_the_limit() -> None:
    stream = BytesIO(b"x" * 3 * MEGABYTE)
    with pytest.raises(rules.FileTooLarge):
        inspect(stream, "a.txt", MEGABYTE)
    assert stream.tell() < 2 * MEGABYTE
