"""10,000 queued mails, two worker processes and a real mail server on this machine: none lost, none twice.

`python -m bench.outbox`; `--mails N` takes fewer, `--engine postgresql` (or sqlite) one database only.
"""

import argparse
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from datetime import datetime
from email.parser import BytesHeaderParser
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from flask_migrate import upgrade
from sqlalchemy import func, insert, select

from app import create_app
from app.accounts.models import Membership, Organisation, OrganisationKind, Role, User
from app.clock import now
from app.database import db, transaction
from app.identifiers import new_id
from app.notifications.groups import Side
from app.notifications.kinds import Kind
from app.notifications.models import Mail, MailState, Notice
from app.notifications.sending import send_due
from bench.run import Table, fresh_database, postgresql

MAILS, WORKERS, PEOPLE, AT_ONCE = 10_000, 2, 100, 1_000


class Sink:
    """Takes every letter and counts its Message-ID."""

    def __init__(self) -> None:
        self.taken: Counter[str] = Counter()

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        self.taken[BytesHeaderParser().parsebytes(envelope.content)["Message-ID"]] += 1
        return "250 taken"


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def fill(count: int) -> None:
    """A company of many people, and for each mail a notice of its own."""
    at = now()
    with transaction() as session:
        session.add(
            Organisation(
                id="bench",
                name_zh="测量公司",
                name_en="Bench",
                short_zh="测量",
                short_en="Bench",
                kind=OrganisationKind.COMPANY,
                province="重庆市",
                city="重庆市",
                created_at=at,
            )
        )
        session.flush()
        members = [_member(number, at) for number in range(PEOPLE)]
        session.add_all(members)
        session.flush()
        receivers = [(member.id, member.user_id, member.user.email) for member in members]
    for first in range(0, count, AT_ONCE):
        rows = [_rows(receivers[number % PEOPLE], at) for number in range(first, min(first + AT_ONCE, count))]
        with transaction() as session:
            session.execute(insert(Notice), [notice for notice, _ in rows])
            session.execute(insert(Mail), [mail for _, mail in rows])


def _member(number: int, at: datetime) -> Membership:
    person = {"name": f"用户{number}", "password_hash": "!", "created_at": at}
    user = User(email=f"user{number}@bench.example", locale="en" if number % 2 else "zh", **person)
    return Membership(user=user, organisation_id="bench", role=Role.ENGINEER, lab_ids=[], created_at=at)


def _rows(receiver: tuple[str, str, str], at: datetime) -> tuple[dict[str, Any], dict[str, Any]]:
    membership_id, user_id, address = receiver
    notice_id, mail_id = new_id(), new_id()
    facts = {
        "code": "B2611-BENCH",
        "test": ["GB 38031-2025 热扩散", "GB 38031-2025 Thermal propagation"],
        "lab": ["试验中心", "Test centre"],
        "start": at.isoformat(),
    }
    to = {"user_id": user_id, "membership_id": membership_id, "created_at": at}
    notice = {"id": notice_id, "kind": Kind.CONFIRMED.value, "side": Side.COMPANY.value, "facts": facts, **to}
    notice |= {"company_id": "bench", "lab_id": None, "path": "/bookings/x", "source": f"event:{notice_id}"}
    mail = {"id": mail_id, "notice_ids": [notice_id], "to_address": address, "next_attempt_at": at, **to}
    mail |= {"message_id": f"<{mail_id}@bench.example>", "state": MailState.QUEUED, "attempts": 0, "last_error": ""}
    return notice, mail | {"daily": False}


def measure(address: str, folder: Path, count: int) -> tuple[float, Counter[str]]:
    """Seconds from the start of the workers to the end of the last one, and what the server took."""
    port = free_port()
    settings = {
        "YUJIAN_DATABASE_URL": address,
        "YUJIAN_INSTANCE": str(folder),
        "YUJIAN_SCHEDULER": "false",
        "YUJIAN_SMTP_URL": f"smtp://127.0.0.1:{port}?from=yujian@bench.example",
    }
    os.environ |= settings
    app = create_app()
    with app.app_context():
        upgrade()
        fill(count)
        db.session.remove()
        sink = Sink()
        controller = Controller(sink, hostname="127.0.0.1", port=port)
        controller.start()
        try:
            begin = time.perf_counter()
            command = [sys.executable, "-m", "bench.outbox", "--work"]
            workers = [subprocess.Popen(command, env=os.environ) for _ in range(WORKERS)]
            assert [worker.wait() for worker in workers] == [0] * WORKERS
            seconds = time.perf_counter() - begin
        finally:
            controller.stop()
        sent = db.session.scalar(select(func.count()).where(Mail.state == MailState.SENT))
        assert sent == count, f"{sent} of {count} marked as sent"
        db.session.remove()
        db.engine.dispose()
    return seconds, sink.taken


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mails", type=int, default=MAILS)
    parser.add_argument("--engine", choices=["sqlite", "postgresql"])
    parser.add_argument("--work", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.work:
        with create_app().app_context():
            send_due()
        return
    table = Table()
    table.add("database", "mails, workers", "mails/s", "lost", "twice")
    table.add("---", "---", "---", "---", "---")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="yujian-outbox-")))
        for engine in [asked.engine] if asked.engine else ["sqlite", "postgresql"]:
            server = stack.enter_context(postgresql()) if engine == "postgresql" else ""
            address = fresh_database(engine, server, folder, "outbox")
            seconds, taken = measure(address, folder, asked.mails)
            twice = sum(1 for times in taken.values() if times > 1)
            sizes = f"{asked.mails:,}, {WORKERS}"
            table.add(engine, sizes, f"{asked.mails / seconds:.0f}", str(asked.mails - len(taken)), str(twice))


if __name__ == "__main__":
    main()
