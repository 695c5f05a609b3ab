"""A folder that holds whole files or nothing, and the clean-up of what became nobody's."""

import os
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from app.database import db, transaction
from app.files import jobs, rules, service
from app.files.content import inspect
from app.files.models import StoredFile
from app.files.service import Received, Subject, Upload, received
from app.files.stores import FolderStore
from tests.files import samples
from tests.world import Person, World


@pytest.fixture
def engineer(world: World, folder: Path) -> Person:
    world.lab()
    return world.engineer("甲公司")


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def upload(name: str = "a.pdf", data: bytes = samples.PDF) -> Upload:
    return Upload(name, BytesIO(data))


def keep(person: Person, found: Received) -> StoredFile:
    subject = Subject("order", "o1", person.viewer.organisation_id or "", "lab")
    with transaction() as session:
        return service.keep(session, found, subject, person.viewer, person.world.now)


class CutOff(BytesIO):
    """A connection that breaks after some bytes, the second time it is read."""

    rounds = 0

    def seek(self, position: int, whence: int = 0) -> int:
        self.rounds += position == 0
        return super().seek(position, whence)

    def read(self, size: int | None = -1) -> bytes:
        if self.rounds > 1 and self.tell() >= 10:
            raise ConnectionResetError("gone")
        return super().read(10 if self.rounds > 1 else size)


def test_what_is_kept_is_what_came(engineer: Person, folder: Path) -> None:
    with received([upload("报告.pdf")]) as (found,):
        file = keep(engineer, found)
    (path,) = files(folder)
    assert path.read_bytes() == samples.PDF and path.stat().st_mode & 0o077 == 0
    assert path.name == file.key and file.name not in str(path)
    assert (file.name, file.size) == ("报告.pdf", len(samples.PDF))


def test_an_interrupted_upload_leaves_nothing(engineer: Person, folder: Path) -> None:
    with pytest.raises(rules.StoreUnavailable), received([upload(), Upload("b.pdf", CutOff(samples.PDF))]):
        pass
    assert files(folder) == []


def test_a_full_house_takes_nothing_more(
    clean: Flask, engineer: Person, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(clean.config, "FILE_QUOTA_MB", 1)
    big = b"x" * (600 * 1024)
    with received([upload("a.txt", big)]) as (found,):
        keep(engineer, found)
    colleague = engineer.world.member(engineer.viewer.organisation_id or "", engineer.viewer.role)
    with pytest.raises(rules.QuotaUsedUp), received([upload("b.txt", big)]) as (found,):
        keep(colleague, found)
    other = engineer.world.engineer("乙公司")
    with received([upload("b.txt", big)]) as (found,):
        keep(other, found)
    assert len(files(folder)) == 2


def test_all_files_of_an_upload_or_none(engineer: Person, folder: Path) -> None:
    with pytest.raises(rules.NotWhatItSays), received([upload(), upload("b.pdf", samples.TEXT)]):
        pass
    assert files(folder) == []


def test_power_is_lost_between_file_and_row(engineer: Person, folder: Path) -> None:
    class PowerLoss(BaseException):
        pass

    with pytest.raises(PowerLoss), received([upload()]):
        raise PowerLoss
    (orphan,) = files(folder)
    with received([upload()]) as (found,):
        keep(engineer, found)
    now = engineer.world.now
    age(orphan, now.timestamp() - timedelta(hours=23).total_seconds())
    assert jobs.sweep(now) == 0 and orphan.exists()
    assert jobs.sweep(now + timedelta(hours=2)) == 1
    assert [path.name for path in files(folder)] == [found.key]


def test_half_a_file_after_a_crash_is_cleared_away(engineer: Person, folder: Path) -> None:
    store = FolderStore(folder)
    store.put("a" * 16, BytesIO(samples.PDF), inspect(BytesIO(samples.PDF), "a.pdf", 1000))
    (path,) = files(folder)
    part = path.rename(path.with_name(path.name + ".part"))
    age(part, engineer.world.now.timestamp() - timedelta(hours=25).total_seconds())
    assert jobs.sweep(engineer.world.now) == 1 and files(folder) == []


def test_a_row_without_its_content_is_told(engineer: Person, folder: Path) -> None:
    with received([upload()]) as (found,):
        file = keep(engineer, found)
    (path,) = files(folder)
    path.unlink()
    with pytest.raises(jobs.ContentMissing, match=file.id):
        jobs.sweep(engineer.world.now)


def test_a_deleted_file_goes_with_the_next_clean_up(engineer: Person, folder: Path) -> None:
    with received([upload()]) as (found,):
        file = keep(engineer, found)
    with transaction() as session:
        service.delete(session, session.get_one(StoredFile, file.id), engineer.viewer, engineer.world.now)
    assert db.session.scalars(select(StoredFile)).all() == []
    (path,) = files(folder)
    age(path, engineer.world.now.timestamp() - timedelta(days=2).total_seconds())
    assert jobs.sweep(engineer.world.now) == 1 and files(folder) == []


def age(path: Path, since: float) -> None:
    os.utime(path, (since, since))
