"""What the address asks the schedule for; what can't be read falls back, with a remark."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from app.errors import N_, Invalid, YujianError
from app.typed import whole

SATURDAY = 5
QUARTER, MONTH, TWO_WEEKS, WEEK, DAY = 91, 28, 14, 7, 1
# From one day to a quarter of a year, all but a day in whole weeks.
ZOOM = (DAY, WEEK, TWO_WEEKS, MONTH, QUARTER)
ALL_LABS = "all"
# Working days are known from here to there; nobody books outside.
FIRST, LAST = date(2002, 1, 1), date(2099, 12, 1)
SHOWN = 40


@dataclass(frozen=True, slots=True)
class Asked:
    """The schedule's filters. lab "": one's own labs for a lab, else all; day: the day that a phone spells out."""

    first: date
    days: int = TWO_WEEKS
    day: date | None = None
    lab: str = ""
    kind: str = ""
    test: str = ""
    free_only: bool = False
    page: int = 1
    remarks: tuple[YujianError, ...] = field(default=(), compare=False)


def asked(args: Mapping[str, str], today: date) -> Asked:
    """The filters of a query string. Without `from` the page that holds `day` or `today`."""
    remarks: list[YujianError] = []
    days = _days(args.get("days", ""), remarks)
    day = _date(args.get("day", ""), "day", remarks)
    first = _date(args.get("from", ""), "from", remarks)
    if first is None:
        first = day or today if days == DAY else _page_of(day or today, today)
    return Asked(
        first=first,
        days=days,
        day=day if day and first <= day < first + timedelta(days=days) else None,
        lab=_id(args.get("lab", "")),
        kind=_id(args.get("kind", "")),
        test=_id(args.get("test", "")),
        free_only=args.get("free") == "1",
        page=_page(args.get("page", "")),
        remarks=tuple(remarks),
    )


def _page_of(day: date, today: date) -> date:
    """The date on which a fortnight with `day` begins: that of today's while it reaches that far, else a Monday.

    At a weekend it is today: of the week that ends nothing else can be booked or worked in any more.
    """
    now = today if today.weekday() >= SATURDAY else _monday(today)
    return now if 0 <= (day - now).days < TWO_WEEKS else _monday(day)


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _days(given: str, remarks: list[YujianError]) -> int:
    if given in ("", str(TWO_WEEKS)):
        return TWO_WEEKS
    if given in map(str, ZOOM):
        return int(given)
    message = N_("days 只能是 1、7、14、28 或 91，写的是“%(given)s”，已显示两周。")
    remarks.append(Invalid(message, field="days", given=_short(given)))
    return TWO_WEEKS


def _date(given: str, name: str, remarks: list[YujianError]) -> date | None:
    if not given:
        return None
    try:
        on = date.fromisoformat(given)
    except ValueError:
        remarks.append(
            Invalid(
                N_("“%(given)s”不是日期，已按今天显示。日期写成 %(example)s 这样。"),
                field=name,
                given=_short(given),
                example="2026-05-06",
            )
        )
        return None
    if not FIRST <= on <= LAST:
        remarks.append(
            Invalid(N_("%(given)s 太早或太晚，没有那时的工作日历，已按今天显示。"), field=name, given=_short(given))
        )
        return None
    return on


def _page(given: str) -> int:
    return whole(given, 4) or 1


def _id(given: str) -> str:
    # PostgreSQL has no NUL in a text, and no id is that long.
    return given[: SHOWN * 2].replace("\0", "")


def _short(given: str) -> str:
    """What was typed, in a length that can be read back."""
    text = "".join(letter for letter in given if letter.isprintable())
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
