"""The same store on an S3-compatible service: signed as Amazon says, told by a server that checks every signature."""

import hashlib
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
from flask import Flask

from app.files import jobs, rules, settings
from app.files.content import Content, inspect
from app.files.s3 import Asked, Place, S3Store, StoreFailed, signed
from app.files.service import Upload, received
from app.files.settings import EXTENSION
from app.files.stores import Stored
from tests.files import samples
from tests.world import NOW, World

KEYS = ("a" * 16, "b" * 16, "c" * 16)
# https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html, "Examples: Signature Calculations"
AMAZON = Place(
    "examplebucket.s3.amazonaws.com",
    "examplebucket",
    "AKIAIOSFODNN7EXAMPLE",
    "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
)
THEN = datetime(2013, 5, 24, tzinfo=UTC)


@pytest.mark.parametrize(
    ("asked", "signature"),
    [
        (
            Asked("GET", "/test.txt", {"Range": "bytes=0-9"}),
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
        ),
        (
            Asked(
                "PUT",
                "/test$file.text",
                {"Date": "Fri, 24 May 2013 00:00:00 GMT", "x-amz-storage-class": "REDUCED_REDUNDANCY"},
                payload=hashlib.sha256(b"Welcome to Amazon S3.").hexdigest(),
            ),
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
        ),
        (
            Asked("GET", "/", {}, {"lifecycle": ""}),
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
        ),
        (
            Asked("GET", "/", {}, {"prefix": "J", "max-keys": "2"}),
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
        ),
    ],
)
def test_amazons_own_examples(asked: Asked, signature: str) -> None:
    assert signed(AMAZON, asked, THEN)["authorization"].endswith(f"Signature={signature}")


class Bucket(BaseHTTPRequestHandler):
    """A bucket in memory that lists two keys a page and lets in nobody whose signature is wrong."""

    server: "Service"

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers["x-amz-content-sha256"] != hashlib.sha256(body).hexdigest():
            return self._answer(400, b"<Error><Code>XAmzContentSHA256Mismatch</Code></Error>")
        if self._lets_in():
            self.server.kept[self._key] = body
            self._answer(200)
        return None

    def do_GET(self) -> None:
        if not self._lets_in():
            return
        if "?" in self.path:
            self._answer(200, self._listed())
        elif self._key in self.server.kept:
            self._answer(200, self.server.kept[self._key])
        else:
            self._answer(404, b"<Error><Code>NoSuchKey</Code></Error>")

    def do_DELETE(self) -> None:
        if self._lets_in():
            self.server.kept.pop(self._key, None)
            self._answer(204)

    @property
    def _key(self) -> str:
        return unquote(urlsplit(self.path).path).removeprefix("/bucket/")

    def _lets_in(self) -> bool:
        parts = urlsplit(self.path)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        asked = Asked(self.command, unquote(parts.path), {}, query, self.headers["x-amz-content-sha256"])
        at = datetime.strptime(self.headers["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        place = Place(self.headers["Host"], "bucket", "me", "pass/word+")
        if signed(place, asked, at)["authorization"] == self.headers["Authorization"]:
            return True
        self._answer(403, b"<Error><Code>SignatureDoesNotMatch</Code></Error>")
        return False

    def _listed(self) -> bytes:
        query = dict(parse_qsl(urlsplit(self.path).query))
        behind = query.get("continuation-token", "")
        keys = sorted(key for key in self.server.kept if key.startswith(query["prefix"]) and key > behind)
        rows = "".join(
            f"<Contents><Key>{key}</Key><LastModified>2026-11-01T08:00:00.000Z</LastModified></Contents>"
            for key in keys[:2]
        )
        more = f"<NextContinuationToken>{keys[1]}</NextContinuationToken>" if len(keys) > 2 else ""
        space = "http://s3.amazonaws.com/doc/2006-03-01/"
        return f'<?xml version="1.0"?><ListBucketResult xmlns="{space}">{rows}{more}</ListBucketResult>'.encode()

    def _answer(self, status: int, body: bytes = b"") -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args: object) -> None:
        """Nobody reads it."""


class Service(ThreadingHTTPServer):
    kept: dict[str, bytes]


@pytest.fixture
def service() -> Iterator[Service]:
    server = Service(("127.0.0.1", 0), Bucket)
    server.kept = {}
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def store_at(service: Service, secret: str = "pass%2Fword%2B") -> S3Store:
    address = f"s3://me:{secret}@127.0.0.1:{service.server_port}/bucket?tls=0"
    return S3Store(Place.parse(address), lambda: NOW)


def content(data: bytes) -> Content:
    return inspect(BytesIO(data), "a.pdf", 10 * rules.MEGABYTE)


def test_what_is_put_is_there_until_it_is_removed(service: Service) -> None:
    store, data = store_at(service), b"x" * 300_000
    store.put(KEYS[0], BytesIO(data), content(data))
    with closing(store.open(KEYS[0])) as stream:
        assert stream.read(10) + stream.read() == data
    store.remove(KEYS[0])
    with pytest.raises(rules.ContentGone):
        store.open(KEYS[0])


def test_all_pages_of_the_list_and_nothing_of_others(service: Service) -> None:
    store = store_at(service)
    for key in KEYS:
        store.put(key, BytesIO(samples.PDF), content(samples.PDF))
    service.kept |= {"photos/cat.jpg": b"x", "yujian/readme": b"x"}
    assert list(store.stored()) == [Stored(key, datetime(2026, 11, 1, 8, tzinfo=UTC)) for key in KEYS]


def test_the_wrong_secret(service: Service) -> None:
    with pytest.raises(StoreFailed, match="403 SignatureDoesNotMatch"):
        store_at(service, "wrong").put(KEYS[0], BytesIO(samples.PDF), content(samples.PDF))


def test_bytes_that_changed_on_the_way_are_not_kept(service: Service) -> None:
    with pytest.raises(StoreFailed, match="XAmzContentSHA256Mismatch"):
        store_at(service).put(KEYS[0], BytesIO(samples.PDF[::-1]), content(samples.PDF))
    assert service.kept == {}


def test_uploads_and_the_clean_up_do_not_know_the_difference(world: World, clean: Flask, service: Service) -> None:
    before = clean.extensions[EXTENSION]
    clean.extensions[EXTENSION] = store_at(service)
    try:
        with received([Upload("a.pdf", BytesIO(samples.PDF))]) as (found,):
            assert service.kept == {f"yujian/{found.key}": samples.PDF}
        assert jobs.sweep(NOW + timedelta(days=1)) == 1 and service.kept == {}
        service.shutdown()
        service.server_close()
        with pytest.raises(rules.StoreUnavailable), received([Upload("a.pdf", BytesIO(samples.PDF))]):
            pass
    finally:
        clean.extensions[EXTENSION] = before


def test_an_address_with_everything() -> None:
    place = Place.parse("s3://me:a%2Fb%2Bc@s3.cn-north-1.amazonaws.com.cn/test-centre?region=cn-north-1")
    assert place == Place("s3.cn-north-1.amazonaws.com.cn", "test-centre", "me", "a/b+c", region="cn-north-1", tls=True)
    assert "a/b+c" not in repr(place)


@pytest.mark.parametrize(
    "address",
    [
        "ftp://me:secret@host/bucket",
        "s3://host/bucket",
        "s3://me:secret@host",
        "s3://me:secret@host/a/b",
        "s3://me:secret@host:x/bucket",
        "s3://me:secret@host/bucket?tls=yes",
        "s3://me:secret@host/bucket?zone=1",
        "elsewhere",
    ],
)
def test_a_wrong_address_refuses_to_start_and_keeps_the_secret(
    clean: Flask, address: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(clean.config, "FILE_STORE", address)
    with pytest.raises(SystemExit):
        settings.init_app(clean)
    told = capsys.readouterr().err
    assert "YUJIAN_FILE_STORE" in told and "me:secret" not in told
