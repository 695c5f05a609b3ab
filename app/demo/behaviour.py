"""How the people of the demo behave: pure draws of what happens next and when.

The same behaviour for every lab: no lab is made slower than another. Shares and spreads are plausible, not
measured; the draws of one booking depend on when and for which test it was made, so that topping up goes on where
the replay stopped and the same days always bring the same demo.
"""

import random
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from app.orders.models import StopCause
from app.testing.run_rules import PauseCause
from app.worktime import SHANGHAI, Use, add_working_days, is_working_day

REQUESTS_PER_DAY = 4.9
DECLINED, CANCELLED, NO_SHOW = 0.10, 0.08, 0.05
PAUSED, STOPPED = 0.12, 0.15
PAUSE_CAUSES = (PauseCause.EQUIPMENT,) * 4 + (PauseCause.SAMPLE,) * 3 + (PauseCause.STAFF, PauseCause.SUPPLY)
STOP_CAUSES = (StopCause.QUESTION,) * 4 + (StopCause.PAYMENT,) * 3 + (StopCause.SAMPLE,) * 2
HELD_FIRST, HOLD_LAPSES = 0.45, 0.04
DECLINE_REASONS = ("样品资料不全", "该版标准的夹具未到位", "设备校准期内", "样品尺寸超出台架范围")
CANCEL_REASONS = ("样件推迟", "设计变更，暂缓试验", "改到其他时间一并做")
# Days between asking and the earliest wanted start.
LEADS = (2, 3, 5, 7, 7, 10, 14, 14, 21, 28, 35, 49)
MAINTENANCE_PER_DAY, MAINTENANCE_AHEAD = 0.35, timedelta(days=15)
SAMPLES = ("工程样件", "OTS 样件", "小批样件", "定型样件")


@dataclass(frozen=True, slots=True)
class Fate:
    """What will become of one booking."""

    held_first: bool
    lapses: bool
    request_after: timedelta
    decide_after: timedelta
    desk_after: timedelta
    declined: bool
    cancelled: bool
    cancel_share: float
    no_show: bool
    start_after: timedelta
    early_share: float
    report_factor: float
    reason: str
    pause: PauseCause | None
    paused_share: float
    stop: StopCause | None
    stopped_for: timedelta


def fate(made_at: datetime, test_id: str) -> Fate:
    """Drawn once and for all from what stays the same about a booking: when and for which test it was made."""
    draw = random.Random(f"{made_at.astimezone(UTC):%Y-%m-%d %H:%M:%S} {test_id}")
    declined = draw.random() < DECLINED
    cancelled = draw.random() < CANCELLED / (1 - DECLINED)
    no_show = draw.random() < NO_SHOW / (1 - DECLINED - CANCELLED)
    return Fate(
        held_first=draw.random() < HELD_FIRST,
        lapses=draw.random() < HOLD_LAPSES,
        request_after=timedelta(minutes=draw.randint(5, 100)),
        decide_after=timedelta(hours=min(draw.lognormvariate(3.0, 0.7), 110)),
        desk_after=timedelta(minutes=draw.randint(0, 8 * 60)),
        declined=declined,
        cancelled=cancelled,
        cancel_share=draw.random(),
        no_show=no_show,
        start_after=timedelta(minutes=draw.choice((0, 0, 5, 10, 20, 40))),
        early_share=draw.choice((0, 0, 0, 0.05, 0.1, 0.2)),
        report_factor=draw.lognormvariate(0.0, 0.3),
        reason=draw.choice(DECLINE_REASONS if declined else CANCEL_REASONS),
        pause=draw.choice(PAUSE_CAUSES) if draw.random() < PAUSED else None,
        paused_share=draw.uniform(0.1, 0.4),
        stop=draw.choice(STOP_CAUSES) if draw.random() < STOPPED else None,
        stopped_for=timedelta(hours=draw.randint(20, 150)),
    )


def in_office(at: datetime, later: timedelta = timedelta(0)) -> datetime:
    """The instant, or `later` than the next 09:00 of a working day when nobody is at the desk (09:00–17:30)."""
    local = at.astimezone(SHANGHAI)
    on = local.date()
    if is_working_day(on) and local.time() < time(9):
        return datetime.combine(on, time(9), SHANGHAI) + later
    if is_working_day(on) and local.time() <= time(17, 30):
        return at
    return datetime.combine(add_working_days(on, 1), time(9), SHANGHAI) + later


def decide_at(requested_at: datetime, starts_at: datetime, fate: Fate) -> datetime:
    """When the lab decides: within office hours, and before the bench would be taken."""
    return min(in_office(requested_at + fate.decide_after, fate.desk_after), starts_at - timedelta(hours=1))


def cancel_at(confirmed_at: datetime, latest: datetime, fate: Fate) -> datetime:
    """Somewhere between the confirmation and the deadline."""
    return confirmed_at + (latest - confirmed_at) * fate.cancel_share


def end_at(use: Use, started_at: datetime, fate: Fate) -> datetime:
    """Some end early; whoever began late still ends when the bench is due."""
    length = (use.ends_at - started_at) * (1 - fate.early_share)
    return started_at + timedelta(minutes=int(length.total_seconds() // 60))


def pause_at(use: Use, started_at: datetime, fate: Fate) -> tuple[datetime, datetime]:
    """From when to when the run stands still: somewhere after its first fifth, over before its end."""
    length = end_at(use, started_at, fate) - started_at
    return started_at + length / 5, started_at + length / 5 + length * fate.paused_share


def report_at(ended_at: datetime, report_days: int, fate: Fate) -> datetime:
    """When the report is issued: around the planned working days."""
    days = max(1, round(report_days * fate.report_factor))
    on = add_working_days(ended_at.astimezone(SHANGHAI).date(), days)
    return datetime.combine(on, time(9 + days % 8, 30), SHANGHAI)


def maintenance_day(asked_at: datetime) -> tuple[datetime, datetime]:
    """Start and end of a planned maintenance: one day shift, some weeks ahead."""
    on = add_working_days((asked_at + MAINTENANCE_AHEAD).astimezone(SHANGHAI).date(), 1)
    return datetime.combine(on, time(8, 30), SHANGHAI), datetime.combine(on, time(17, 30), SHANGHAI)


def requests_on(on: date, draw: random.Random) -> list[datetime]:
    """Instants of the requests of one working day, local office hours; none on other days."""
    if not is_working_day(on):
        return []
    count = min(int(draw.gammavariate(4, REQUESTS_PER_DAY / 4) + 0.5), 14)
    minutes = sorted(draw.randint(0, 8 * 60) for _ in range(count))
    return [datetime.combine(on, time(9), SHANGHAI) + timedelta(minutes=minute) for minute in minutes]
