"""Looking into a file: what it is by its first and last bytes, how long, and its fingerprint. Nothing is unpacked."""

import codecs
import hashlib
import struct
from dataclasses import dataclass
from typing import IO

from app.files import rules
from app.files.rules import Kind

CHUNK = 64 * 1024
HEAD, TAIL = 64, 1024
# What no text holds; line ends, tabs, form feeds and escapes are none of them.
CONTROLS = bytes(each for each in range(32) if each not in b"\t\n\v\f\r\x1b") + b"\x7f"
# An archive's list of members: its end record, and how long the list may be.
_END = b"PK\x05\x06"
_END_SIZE, _COMMENT = 22, 0xFFFF
_ENTRY, _ENTRY_SIZE = b"PK\x01\x02", 46
MOST_LIST = 4 * rules.MEGABYTE


@dataclass(frozen=True, slots=True)
class Content:
    """kind: None for what is not taken. size: bytes. sha256: hexadecimal."""

    kind: Kind | None
    size: int
    sha256: str


def inspect(stream: IO[bytes], name: str, most: int) -> Content:
    """Read a file once from its beginning, in small pieces, and leave it there again.

    stream: can be read and sought. name: tells a table from other text. most: bytes. Raises FileTooLarge as soon as
    there are more.
    """
    stream.seek(0)
    size, digest, head, tail, text = 0, hashlib.sha256(), b"", b"", _Text()
    while chunk := stream.read(CHUNK):
        size += len(chunk)
        if size > most:
            raise rules.FileTooLarge(limit=most // rules.MEGABYTE)
        digest.update(chunk)
        text.read(chunk)
        head = (head + chunk)[:HEAD] if len(head) < HEAD else head
        tail = (tail + chunk)[-TAIL:]
    kind = _kind(head, tail)
    if kind is rules.ZIP:
        kind = _kind_of_archive(stream, size)
    elif kind is None and _begins_like(head) is None and text.is_whole():
        kind = rules.kind_of_text(name)
    stream.seek(0)
    return Content(kind, size, digest.hexdigest())


class _Text:
    """Whether bytes that come in pieces are UTF-8 without control characters."""

    def __init__(self) -> None:
        self.decoder: codecs.IncrementalDecoder | None = codecs.getincrementaldecoder("utf-8")()

    def read(self, chunk: bytes, final: bool = False) -> None:
        if self.decoder is None:
            return
        try:
            self.decoder.decode(chunk, final)
        except UnicodeDecodeError:
            self.decoder = None
        if len(chunk.translate(None, CONTROLS)) < len(chunk):
            self.decoder = None

    def is_whole(self) -> bool:
        self.read(b"", final=True)
        return self.decoder is not None


def _begins_like(head: bytes) -> Kind | None:
    if head.startswith(b"%PDF-"):
        return rules.PDF
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return rules.PNG
    if head.startswith(b"\xff\xd8\xff"):
        return rules.JPEG
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return rules.WEBP
    if head.startswith((b"PK\x03\x04", _END)):
        return rules.ZIP
    return None


def _kind(head: bytes, tail: bytes) -> Kind | None:
    """By the first bytes; a PDF also has an end, which a broken export or download lacks."""
    kind = _begins_like(head)
    return None if kind is rules.PDF and b"%%EOF" not in tail else kind


def _kind_of_archive(stream: IO[bytes], size: int) -> Kind | None:
    """None where the list of members is broken, or longer than any honest one."""
    stream.seek(max(size - _END_SIZE - _COMMENT, 0))
    end = stream.read(_END_SIZE + _COMMENT)
    at = end.rfind(_END)
    if at < 0 or at + _END_SIZE > len(end):
        return None
    length, offset = struct.unpack_from("<LL", end, at + 12)
    if length > MOST_LIST or offset + length > size:
        return None
    stream.seek(offset)
    members = _members(stream.read(length))
    return None if members is None else rules.kind_of_archive(members)


def _members(listed: bytes) -> frozenset[str] | None:
    """Names in an archive's list of members (APPNOTE.TXT 4.3.12)."""
    names, at = set(), 0
    while at < len(listed):
        if listed[at : at + 4] != _ENTRY or at + _ENTRY_SIZE > len(listed):
            return None
        name, extra, comment = struct.unpack_from("<HHH", listed, at + 28)
        start = at + _ENTRY_SIZE
        names.add(listed[start : start + name].decode("utf-8", "replace"))
        at = start + name + extra + comment
    return frozenset(names)
