"""What forecasts cost beside the search page that shows them: `python -m bench.forecasts [--lines N] [--offers N]`.

On a house filled with N bookings, half of them with a report, in one process on SQLite: the page as a whole, the dates
of its offers from an experience that the process has, and learning that experience anew, which one request in
FORECAST_MINUTES does.
"""

import argparse
import logging
import os
import shutil
import tempfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from statistics import median
from time import perf_counter

from flask_migrate import upgrade
from sqlalchemy import select

from app import create_app
from app.booking.forecast import Basis, reckoned, reporting_times
from app.clock import now
from app.database import db, refresh_statistics
from app.labs.models import Capability, Resource, Test
from app.turnaround.forecast import experience
from bench import fill
from bench.lists import signed_in

PAGE = "/search?q=GB+38031&test=b-pack-thermalprop"
CALLS = 15
WANTED = 0.25


def seconds(ask: Callable[[], object], calls: int = CALLS) -> float:
    """Median of so many calls, the first left out."""
    ask()
    taken = []
    for _ in range(calls):
        begin = perf_counter()
        ask()
        taken.append(perf_counter() - begin)
    return median(taken)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=5_000)
    parser.add_argument("--offers", type=int, default=300)
    chosen = parser.parse_args()
    logging.disable(logging.INFO)
    folder = Path(tempfile.mkdtemp(prefix="yujian-bench-"))
    os.environ["YUJIAN_INSTANCE"] = str(folder)
    try:
        measure(folder, chosen.lines, chosen.offers)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def measure(folder: Path, lines: int, offers: int) -> None:
    """Fill a house and print milliseconds and ratios."""
    address = f"sqlite:///{folder}/forecasts.sqlite3"
    app = create_app({"SCHEDULER": False, "DATABASE_URL": address, "WTF_CSRF_ENABLED": False})
    with app.app_context():
        upgrade()
        app.test_cli_runner().invoke(args=["catalogue", "load", "app/labs/catalogue"])
        who = fill.people(now())
        fill.bookings(lines, now(), who)
        refresh_statistics(now())
        pairs = _pairs(offers)
        days = dict(db.session.execute(select(Test.id, Test.report_days)).all())
        db.session.remove()
    client = signed_in(app, who[0][1])

    def page() -> None:
        assert "稳妥" in client.get(PAGE).text

    def dates() -> int:
        found = reporting_times(set(pairs))
        ends = [now() + timedelta(days=number % 120) for number in range(len(pairs))]
        told = [reckoned(days[pair[0]], end, found.get(pair)) for pair, end in zip(pairs, ends, strict=True)]
        return sum(each.basis is Basis.HISTORY for each in told)

    whole = seconds(page)
    with app.app_context():
        measured, forecast = dates(), seconds(dates)
        learning = seconds(lambda: experience(now()), 3)
    print(f"search page, ms\t{1000 * whole:.1f}")
    print(f"dates of {len(pairs)} offers ({measured} from history), ms\t{1000 * forecast:.1f}")
    print(f"ratio\t{forecast / whole:.3f}\twanted below {WANTED}")
    print(f"learning anew from {lines} bookings, ms\t{1000 * learning:.0f}")


def _pairs(count: int) -> list[tuple[str, str]]:
    """Test and lab of so many capabilities."""
    query = select(Capability.test_id, Resource.lab_id).join(Resource, Resource.pool == Capability.pool)
    rows = [(test, lab) for test, lab in db.session.execute(query.order_by(Capability.test_id, Resource.id))]
    return (rows * (count // len(rows) + 1))[:count]


if __name__ == "__main__":
    main()
