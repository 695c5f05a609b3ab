"""Pure rules of files: what is taken, what a file may be called, and the refusals that say so."""

import unicodedata
from dataclasses import dataclass

from app.errors import N_, YujianError

MEGABYTE = 1024 * 1024
MOST_NAME = 120


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file as its content shows it. label: what people call it; extensions: the usual one first."""

    media_type: str
    label: str
    extensions: tuple[str, ...]


PDF = Kind("application/pdf", "PDF", ("pdf",))
PNG = Kind("image/png", "PNG", ("png",))
JPEG = Kind("image/jpeg", "JPEG", ("jpg", "jpeg"))
WEBP = Kind("image/webp", "WebP", ("webp",))
XLSX = Kind("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "XLSX", ("xlsx",))
DOCX = Kind("application/vnd.openxmlformats-officedocument.wordprocessingml.document", "DOCX", ("docx",))
ZIP = Kind("application/zip", "ZIP", ("zip",))
CSV = Kind("text/csv", "CSV", ("csv",))
TEXT = Kind("text/plain", N_("纯文本"), ("txt", "log", "md"))
KINDS = (PDF, PNG, JPEG, WEBP, XLSX, DOCX, CSV, TEXT, ZIP)
TYPES = {kind.media_type: kind for kind in KINDS}
# What a page may show in its place; everything else is only ever handed over.
IMAGES = frozenset({PNG.media_type, JPEG.media_type, WEBP.media_type})

# What a part of an office document is called inside its archive, and what gives away macros.
_OFFICE = {"xl/workbook.xml": XLSX, "word/document.xml": DOCX}
_CONTENTS = "[Content_Types].xml"
_MACROS = "vbaProject.bin"


class FileRefused(YujianError):
    """A file that is not taken, by its name."""

    field = "files"


class FileEmpty(FileRefused):
    message = N_("%(name)s 是空的。")


class FileTooLarge(FileRefused):
    status = 413
    message = N_("文件太大：一次上传合计最多 %(limit)d MB。")


class KindUnknown(FileRefused):
    message = N_("%(name)s 这类文件不收。可以传：%(kinds)s。")


class NotWhatItSays(FileRefused):
    message = N_("%(name)s 不是完好的 %(said)s 文件，请重新导出后再传。")


class ExtensionWrong(FileRefused):
    message = N_("%(name)s 的扩展名和内容不符，它的内容是 %(kind)s。")


class NotUtf8(FileRefused):
    message = N_("%(name)s 的文字不是 UTF-8 编码，请另存为 UTF-8 后再传。")


class QuotaUsedUp(FileRefused):
    message = N_("贵机构的文件空间（%(limit)d MB）不够了，请先删除不用的文件，或联系系统管理员。")


class NoFiles(FileRefused):
    message = N_("请选择文件。")


class StoreUnavailable(YujianError):
    code, status = "unavailable", 503
    message = N_("文件现在存取不了，请稍后再试。")


class ContentGone(YujianError):
    code, status = "not_found", 404
    message = N_("这个文件的内容不见了，请让上传的人再传一次，并告诉系统管理员。")


def clean_name(given: str) -> str:
    """The name without folders, control and invisible characters, at most MOST_NAME characters; may be empty."""
    last = unicodedata.normalize("NFC", given).replace("\\", "/").rpartition("/")[2]
    shown = "".join(each for each in last if unicodedata.category(each)[0] != "C")
    name = " ".join(shown.split()).strip(". ")
    if len(name) <= MOST_NAME:
        return name
    stem, dot, extension = name.rpartition(".")
    if not dot or len(extension) > 10:
        return name[:MOST_NAME].rstrip(". ")
    return f"{stem[: MOST_NAME - len(extension) - 1].rstrip('. ')}.{extension}"


def extension_of(name: str) -> str:
    """`pdf` for `a.PDF`; empty without one."""
    return name.rpartition(".")[2].lower() if "." in name else ""


def kind_of_archive(members: frozenset[str]) -> Kind | None:
    """What an archive with these members is; None for an office document with macros."""
    if any(member.endswith(_MACROS) for member in members):
        return None
    if _CONTENTS in members:
        return next((kind for part, kind in _OFFICE.items() if part in members), ZIP)
    return ZIP


def kind_of_text(name: str) -> Kind:
    """Text is a table where its name says so."""
    return CSV if extension_of(name) in CSV.extensions else TEXT


def checked_name(name: str, kind: Kind | None) -> str:
    """The clean name under which a file of this kind is kept; one without an extension gets the usual one.

    kind: None where the content is none of KINDS. Raises NotWhatItSays, ExtensionWrong, NotUtf8, KindUnknown.
    """
    extension = extension_of(name)
    said = next((each for each in KINDS if extension in each.extensions), None)
    if kind is None:
        if said in (CSV, TEXT):
            raise NotUtf8(name=name)
        if said is not None:
            raise NotWhatItSays(name=name, said=said)
        raise KindUnknown(name=name or N_("文件"), kinds=[each.label for each in KINDS])
    if not extension:
        return f"{name or 'file'}.{kind.extensions[0]}"
    if extension in kind.extensions:
        return name
    raise NotWhatItSays(name=name, said=said) if said else ExtensionWrong(name=name, kind=kind)


def check_quota(used: int, more: int, most: int) -> None:
    """used, more, most: bytes. Raises QuotaUsedUp."""
    if used + more > most:
        raise QuotaUsedUp(limit=most // MEGABYTE)
