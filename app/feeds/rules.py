"""Pure rules of feeds: what they reach back and ahead to, and how states and busy times are named in RFC 5545."""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.booking.rules import State
from app.errors import N_, YujianError
from app.worktime import Interval, local_date, midnight

REACH = timedelta(days=365)
KEPT = timedelta(days=30)
MOST_FEEDS = 20
# Programs ask every few minutes; that one still does is noted so often.
NOTED_EVERY = timedelta(hours=1)

# RFC 5545, 3.8.1.11. What takes place or took place is CONFIRMED; STATUS knows no word for "over".
STATUS = {
    State.HELD: "TENTATIVE",
    State.REQUESTED: "TENTATIVE",
    State.CONFIRMED: "CONFIRMED",
    State.RUNNING: "CONFIRMED",
    State.COMPLETED: "CONFIRMED",
    State.DECLINED: "CANCELLED",
    State.CANCELLED: "CANCELLED",
    State.EXPIRED: "CANCELLED",
    State.NO_SHOW: "CANCELLED",
}
ENDED = frozenset(state for state, status in STATUS.items() if status == "CANCELLED")


class TooManyFeeds(YujianError):
    code, status = "wrong_state", 409
    message = N_("已有 %(limit)d 个日历地址。请先停用不用的。")


class FeedStale(YujianError):
    code, status = "stale", 409
    message = N_("这个日历地址刚刚换过，没有再换。换出的新地址只在那时显示过一次；没有拿到，请再换一次。")


@dataclass(frozen=True, slots=True)
class Reach:
    """What a feed shows on a day. It moves at local midnight only, so that within a day a body changes with its
    rows alone. ended_since: bookings that came to nothing are kept from this change on. All UTC.
    """

    today: datetime
    span: Interval
    ended_since: datetime


def reach(now: datetime) -> Reach:
    """Twelve months back and ahead, and thirty days for what was cancelled."""
    today = midnight(local_date(now))
    return Reach(today, Interval(today - REACH, today + REACH), today - KEPT)


def booking_uid(booking_id: str) -> str:
    """UID for life: moved, cancelled or done, it is the same event."""
    return f"{booking_id}@yujian"


def busy_uid(secret: str, resource_id: str, start: datetime) -> str:
    """UID of a busy span: the same for as long as it starts then, and nobody can tell what stands behind it."""
    text = f"busy/{resource_id}/{int(start.timestamp())}"
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()[:32] + "@yujian"
