"""200 uploads of 5 MB at once against the real server: its peak memory beside that of a single one.

`python -m bench.uploads`. Wanted: flat, so that eight threads need for any number of uploads what they need for
eight. Linux only, for it reads /proc; takes 1 GB of the temporary folder meanwhile.
"""

import os
import re
import shutil
import tempfile
import time
from collections import Counter
from http.client import HTTPConnection
from pathlib import Path
from threading import Barrier, Thread

from flask_migrate import upgrade
from sqlalchemy import select

from app import create_app
from app.accounts.models import User
from app.accounts.queries import memberships_of, viewer_of
from app.clock import now
from app.database import db
from app.labs.models import Lab
from app.orders import service
from app.orders.service import NewOrder
from bench import fill
from bench.client import served
from bench.run import BEARER, PRODUCT, product_environment

# As many as `served` has threads are under way at a time; the others wait in the socket.
UPLOADS, THREADS, SIZE = 200, 8, 5_000_000
BOUNDARY = "yujian-bench"
HEAD = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="curve.csv"\r\n\r\n'
BODY = HEAD.encode() + b"1234567,89\n" * (SIZE // 11) + f"\r\n--{BOUNDARY}--\r\n".encode()


def draft(folder: Path) -> str:
    """A database with one draft order, whose id is returned."""
    app = create_app({"SCHEDULER": False, "DATABASE_URL": f"sqlite:///{folder / 'bench.sqlite3'}"})
    with app.app_context():
        upgrade()
        app.test_cli_runner().invoke(args=["catalogue", "load", "app/labs/catalogue"])
        fill.people(now())
        user = db.session.scalars(select(User).where(User.email == fill.EMAIL)).one()
        viewer = viewer_of(memberships_of(user.id)[0])
        lab = db.session.scalars(select(Lab.id).order_by(Lab.id)).first()
        order_id = service.create(viewer, NewOrder(lab or ""), now()).id
        db.session.remove()
        db.engine.dispose()
    return order_id


def upload(port: int, order_id: str) -> int:
    """Status of one upload."""
    connection = HTTPConnection("127.0.0.1", port, timeout=300)
    headers = {**BEARER, "Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    connection.request("POST", f"/api/v1/orders/{order_id}/files", BODY, headers)
    status = connection.getresponse().status
    connection.close()
    return status


def at_once(port: int, order_id: str, count: int) -> float:
    """Seconds that so many uploads take that all begin at once; each must be kept."""
    told: Counter[int] = Counter()
    barrier = Barrier(count + 1)

    def work() -> None:
        barrier.wait()
        told.update([upload(port, order_id)])

    threads = [Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    barrier.wait()
    begun = time.perf_counter()
    for thread in threads:
        thread.join()
    assert told == {201: count}, f"answers {told}"
    return time.perf_counter() - begun


def peak(port: int) -> float:
    """The most memory, MB, that a process of the server on this port has had at a time (resident)."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if f"127.0.0.1:{port}".encode() in (process / "cmdline").read_bytes().split(b"\0"):
                status = (process / "status").read_text()
                found.append(int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) / 1000)
        except OSError:
            continue
    return max(found)


def main() -> None:
    folder = Path(tempfile.mkdtemp(prefix="yujian-bench-"))
    os.environ["YUJIAN_INSTANCE"] = str(folder)
    try:
        order_id = draft(folder)
        environment = product_environment(f"sqlite:///{folder / 'bench.sqlite3'}", folder)
        peaks, seconds = [], 0.0
        for count in (1, THREADS, UPLOADS):
            with served(PRODUCT, environment) as port:
                seconds = at_once(port, order_id, count)
                peaks.append(peak(port))
        one, threads, many = peaks
        kept = len([path for path in (folder / "files").rglob("*") if path.is_file()])
        assert kept == 1 + THREADS + UPLOADS, f"{kept} files"
        for count, less in ((1, one), (THREADS, threads)):
            what = f"{UPLOADS} uploads of 5 MB at once, peak MB, and {count}"
            print(f"| {what} | {many:.0f} | {less:.0f} | {many / less:.2f} × |")
        print(f"| {UPLOADS} uploads of 5 MB at once, uploads/s | {UPLOADS / seconds:.0f} | | |")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
