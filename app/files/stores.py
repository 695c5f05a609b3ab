"""Where the bytes lie: a folder, or an S3-compatible service. A store knows keys, not people."""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, BinaryIO, Protocol

from app.files.content import CHUNK, Content
from app.files.rules import ContentGone

PART = ".part"
# What lies under another name is not ours to touch.
KEY = re.compile(r"[a-z2-7]{16}")


@dataclass(frozen=True, slots=True)
class Stored:
    """What lies in a store under a key, and since when (aware UTC)."""

    key: str
    at: datetime


class Store(Protocol):
    """Whole contents under keys of letters and digits; a content is there entirely or not at all."""

    def put(self, key: str, stream: IO[bytes], content: Content) -> None:
        """Store the stream from its beginning. Raises OSError; then nothing lies under the key."""
        ...

    def open(self, key: str) -> BinaryIO:
        """The content, to be read in pieces and closed. Raises ContentGone, OSError."""
        ...

    def remove(self, key: str) -> None:
        """Nothing lies under the key afterwards."""
        ...

    def stored(self) -> Iterator[Stored]:
        """Everything that lies there, leftovers of a crash among them."""
        ...


class FolderStore:
    """Files in two levels of folders, readable by the owner alone."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, key: str, stream: IO[bytes], content: Content) -> None:
        """Written under a name of its own, made safe on the disk, then named: a crash leaves no half of a file."""
        path = self._path(key)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        part = path.with_name(path.name + PART)
        try:
            with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                shutil.copyfileobj(stream, file, CHUNK)
                file.flush()
                os.fsync(file.fileno())
                if file.tell() != content.size:
                    raise OSError(f"{file.tell()} bytes of {content.size}")
            part.rename(path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
        _sync(path.parent)

    def open(self, key: str) -> BinaryIO:
        try:
            return self._path(key).open("rb")
        except FileNotFoundError as error:
            raise ContentGone() from error

    def remove(self, key: str) -> None:
        self._path(key).unlink(missing_ok=True)

    def stored(self) -> Iterator[Stored]:
        for path in self.folder.glob("??/*"):
            if not KEY.fullmatch(path.name.removesuffix(PART)):
                continue
            # It may go meanwhile: an upload gives its part another name.
            with suppress(FileNotFoundError):
                yield Stored(path.name, datetime.fromtimestamp(path.stat().st_mtime, UTC))

    def _path(self, key: str) -> Path:
        return self.folder / key[:2] / key


def _sync(folder: Path) -> None:
    """The new name survives a power cut too."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
