"""What an address asks for: period, filters and grouping, the same for page, sheet and list of lines."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from app.accounts.policy import Viewer
from app.errors import N_, Invalid
from app.turnaround import rules
from app.turnaround.queries import Question
from app.turnaround.rules import GroupBy, Period
from app.typed import NUL, whole

MONTHS = (3, 6, 12, 24)
USUAL_MONTHS = 12
ID_LENGTH = 64
LINES_A_PAGE = 50


@dataclass(frozen=True, slots=True)
class Asked:
    """A parsed address. months: a number of MONTHS, or None where the dates are given. grain: of the trend."""

    question: Question
    months: int | None
    group_by: GroupBy | None
    grain: GroupBy = GroupBy.MONTH

    def args(self, **changes: str | int | None) -> dict[str, str | int]:
        """The arguments of an address that asks the same but for the changes; None leaves one out."""
        question, period = self.question, self.question.period
        own: dict[str, str | int | None] = {
            "months": self.months if self.months != USUAL_MONTHS else None,
            "from": None if self.months else period.first.isoformat(),
            "to": None if self.months else period.last.isoformat(),
            "lab": question.lab_id,
            "domain": question.domain_id,
            "test": question.test_id,
            "group_by": self.group_by.value if self.group_by else None,
            "grain": self.grain.value if self.grain is not GroupBy.MONTH else None,
        }
        return {name: value for name, value in (own | changes).items() if value is not None}


def asked(args: Mapping[str, str], viewer: Viewer, now: datetime) -> Asked:
    """Parse the arguments `months` or `from` and `to`, `lab`, `domain`, `test`, `group_by`, `grain`. Raises Invalid."""
    months, period = _period(args, now)
    group_by = args.get("group_by")
    if group_by and group_by not in set(GroupBy):
        raise Invalid(N_("只能按实验室、领域、检测项目、月份、季度、级别、城市或去向分组。"), field="group_by")
    question = Question(viewer, period, _id(args, "lab"), _id(args, "domain"), _id(args, "test"))
    return Asked(question, months, GroupBy(group_by) if group_by else None, _grain(args))


def _grain(args: Mapping[str, str]) -> GroupBy:
    given = args.get("grain") or GroupBy.MONTH.value
    if given not in set(rules.OF_TIME):
        raise Invalid(N_("走势只能按月份或季度。"), field="grain")
    return GroupBy(given)


def _period(args: Mapping[str, str], now: datetime) -> tuple[int | None, Period]:
    """Given dates outweigh a number of months; a missing one is where the usual period begins or ends."""
    if args.get("from") or args.get("to"):
        usual = rules.last_months(USUAL_MONTHS, now)
        first = rules.day(args["from"], "from") if args.get("from") else None
        last = rules.day(args["to"], "to") if args.get("to") else usual.last
        return None, Period(first or min(usual.first, last.replace(day=1)), last)
    given = args.get("months") or str(USUAL_MONTHS)
    if given not in {str(months) for months in MONTHS}:
        raise Invalid(N_("时段只有近 3、6、12、24 个月，或自选日期。"), field="months")
    return int(given), rules.last_months(int(given), now)


def _id(args: Mapping[str, str], name: str) -> str | None:
    given = args.get(name, "")
    if NUL in given or len(given) > ID_LENGTH:
        raise Invalid(N_("没有这一项。"), field=name)
    return given or None


def page_number(args: Mapping[str, str]) -> int:
    """The page of a list that the address asks for, from 0; the first for anything that is no number."""
    return whole(args.get("page", ""), 4) or 0
