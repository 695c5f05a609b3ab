"""An S3-compatible service as a store: path-style addresses, AWS Signature Version 4, nothing but the standard library.

Source: "Authenticating Requests (AWS Signature Version 4)" in the Amazon S3 API Reference.
"""

import hashlib
import hmac
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import IO, BinaryIO, cast
from urllib.parse import parse_qs, quote, unquote, urlencode, urlsplit
from xml.etree import ElementTree

from app.files.content import CHUNK, Content
from app.files.rules import ContentGone
from app.files.stores import KEY, Stored

# In front of our keys: a bucket may hold other things, which are none of our business.
PREFIX = "yujian/"
SECONDS = 30
EMPTY = hashlib.sha256(b"").hexdigest()
BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
SERVICE, ALGORITHM, ENDING = "s3", "AWS4-HMAC-SHA256", "aws4_request"


class StoreFailed(OSError):
    """The service answered with something else than what was asked for."""


@dataclass(frozen=True, slots=True)
class Place:
    """A bucket and how to get at it. host: with its port, where it is not the usual one."""

    host: str
    bucket: str
    access_key: str
    secret: str = field(repr=False)
    region: str = "us-east-1"
    tls: bool = True

    @classmethod
    def parse(cls, address: str) -> "Place":
        """From `s3://KEY:SECRET@host[:port]/bucket[?region=…&tls=0|1]`; key and secret percent-encoded.

        Raises ValueError, which does not repeat the address.
        """
        parts = urlsplit(address)
        try:
            asked = parse_qs(parts.query, strict_parsing=True) if parts.query else {}
            port = f":{parts.port}" if parts.port else ""
        except ValueError:
            raise ValueError("port, or what follows the question mark") from None
        bucket, tls = parts.path.strip("/"), asked.pop("tls", ["1"])[-1]
        region = asked.pop("region", ["us-east-1"])[-1]
        if parts.scheme != "s3" or not (parts.hostname and parts.username and parts.password):
            raise ValueError("s3://KEY:SECRET@host/bucket")
        if asked or tls not in ("0", "1") or not BUCKET.fullmatch(bucket):
            raise ValueError("bucket, region or tls")
        return cls(parts.hostname + port, bucket, unquote(parts.username), unquote(parts.password), region, tls == "1")


@dataclass(frozen=True, slots=True)
class Asked:
    """A request to be signed. path: not yet encoded. payload: SHA-256 of the body, hexadecimal."""

    method: str
    path: str
    headers: Mapping[str, str]
    query: Mapping[str, str] = field(default_factory=dict)
    payload: str = EMPTY


def signed(place: Place, asked: Asked, at: datetime) -> dict[str, str]:
    """The request's headers with those that prove who asks. at: aware UTC, close to the service's."""
    stamp = f"{at:%Y%m%dT%H%M%SZ}"
    headers = {**asked.headers, "host": place.host, "x-amz-content-sha256": asked.payload, "x-amz-date": stamp}
    lines = sorted((name.lower(), " ".join(value.split())) for name, value in headers.items())
    names = ";".join(name for name, _ in lines)
    canonical = "\n".join(
        (
            asked.method,
            quote(asked.path, safe="/~"),
            _query(asked.query),
            *(f"{name}:{value}" for name, value in lines),
            "",
            names,
            asked.payload,
        )
    )
    scope = f"{at:%Y%m%d}/{place.region}/{SERVICE}/{ENDING}"
    to_sign = "\n".join((ALGORITHM, stamp, scope, hashlib.sha256(canonical.encode()).hexdigest()))
    key = f"AWS4{place.secret}".encode()
    for part in (f"{at:%Y%m%d}", place.region, SERVICE, ENDING):
        key = _mac(key, part)
    proof = _mac(key, to_sign).hex()
    credential = f"{place.access_key}/{scope}"
    return {**headers, "authorization": f"{ALGORITHM} Credential={credential},SignedHeaders={names},Signature={proof}"}


def _mac(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def _query(asked: Mapping[str, str]) -> str:
    return urlencode(sorted(asked.items()), quote_via=quote, safe="~")


class S3Store:
    """One object for each content. clock: tells the present instant for the signature, aware UTC."""

    def __init__(self, place: Place, clock: Callable[[], datetime]) -> None:
        self.place, self.clock = place, clock

    def put(self, key: str, stream: IO[bytes], content: Content) -> None:
        """The service checks length and fingerprint and keeps nothing of what breaks off."""
        headers = {"content-length": str(content.size)}
        self._ask("PUT", PREFIX + key, headers=headers, payload=content.sha256, body=stream).close()

    def open(self, key: str) -> BinaryIO:
        return cast(BinaryIO, self._ask("GET", PREFIX + key))

    def remove(self, key: str) -> None:
        self._ask("DELETE", PREFIX + key).close()

    def stored(self) -> Iterator[Stored]:
        query = {"list-type": "2", "prefix": PREFIX}
        while True:
            with self._ask("GET", "", query=query) as answer:
                page = ElementTree.fromstring(answer.read())  # noqa: S314 - the answer of the operator's own store
            space = page.tag.partition("}")[0] + "}" if page.tag.startswith("{") else ""
            for each in page.iter(f"{space}Contents"):
                key = (each.findtext(f"{space}Key") or "").removeprefix(PREFIX)
                if KEY.fullmatch(key):
                    yield Stored(key, datetime.fromisoformat(each.findtext(f"{space}LastModified") or ""))
            following = page.findtext(f"{space}NextContinuationToken")
            if not following:
                return
            query = {**query, "continuation-token": following}

    def _ask(
        self,
        method: str,
        key: str,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        payload: str = EMPTY,
        body: IO[bytes] | None = None,
    ) -> HTTPResponse:
        """The answer, to be read and closed. Raises ContentGone, StoreFailed, OSError."""
        path = f"/{self.place.bucket}/{key}" if key else f"/{self.place.bucket}"
        asked = Asked(method, path, {}, query or {}, payload)
        # Not signed: a proxy on the way may change them.
        sent = {**(headers or {}), "connection": "close"}
        kind = HTTPSConnection if self.place.tls else HTTPConnection
        connection = kind(self.place.host, timeout=SECONDS, blocksize=CHUNK)
        target = quote(path, safe="/~") + (f"?{_query(asked.query)}" if asked.query else "")
        try:
            connection.request(method, target, body, sent | signed(self.place, asked, self.clock()))
            answer = connection.getresponse()
        except HTTPException as error:
            connection.close()
            raise StoreFailed(f"{method}: {type(error).__name__}") from error
        except BaseException:
            connection.close()
            raise
        if answer.status in (200, 204):
            return answer
        with answer:
            reason = re.search(rb"<Code>(\w{1,60})</Code>", answer.read(4000))
        connection.close()
        if answer.status == 404 and key and (reason is None or reason[1] == b"NoSuchKey"):
            raise ContentGone()
        raise StoreFailed(f"{method}: {answer.status} {reason[1].decode() if reason else answer.reason}")
