"""The list of jobs. Each takes `now` and may be run again at any time: what is done already is left alone."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from app.booking.approvals import escalate
from app.booking.closures import put_off_open_ends
from app.booking.jobs import refresh_earliest_week
from app.booking.lapsing import lapse_all
from app.database import refresh_statistics
from app.errors import N_
from app.files.jobs import sweep
from app.jobs.schedule import Daily, Every, Schedule
from app.notifications import jobs as notifications
from app.turnaround.bottlenecks import of_kinds, of_pools
from app.turnaround.bottlenecks.kept import keep
from app.turnaround.forecasting.held import reckon
from app.turnaround.jobs import summarise, write_daily_reports
from app.turnaround.scheduled.service import make_due


@dataclass(frozen=True, slots=True)
class Job:
    """run: does the work and returns how many things it touched. label: a msgid."""

    name: str
    label: str
    schedule: Schedule
    run: Callable[[datetime], int]


JOBS: tuple[Job, ...] = (
    Job("lapse", N_("让到期的暂留、改期提议和未确认的申请失效"), Every(1), lapse_all),
    Job("earliest-week", N_("更新各检测项目最早约在第几周"), Every(60), refresh_earliest_week),
    Job("turnaround-summary", N_("汇总各月的检测周期，让统计页快"), Daily(2, 10), summarise),
    Job("bench-hours", N_("汇总各月的台架时间，让瓶颈页快"), Daily(2, 15), keep),
    Job("pool-what-if", N_("每月一次：各实验室的每组台架多一个班次或台架，会早几天"), Daily(3, 5), of_pools.keep),
    Job("bench-what-if", N_("每月一次：各类台架多一个班次或台架，会早几天"), Daily(3, 0), of_kinds.reckon),
    Job("forecast-held", N_("核对预计的报告日期守住了多少"), Daily(2, 20), reckon),
    Job("turnaround-report", N_("生成各实验室、各企业的检测周期日报"), Daily(2, 30), write_daily_reports),
    Job("scheduled-reports", N_("生成订阅的检测周期周报和月报"), Daily(2, 40), make_due),
    Job("closures", N_("把到了预计恢复时间还没恢复的停用顺延一天"), Every(30), put_off_open_ends),
    Job("approvals", N_("把超时的审批转给下一位"), Every(10), escalate),
    Job("notices", N_("把发生的事告诉有关的人"), Every(1), notifications.read_events),
    Job("reminders", N_("提醒快到期和已超期的事"), Every(5), notifications.remind),
    Job("waiting", N_("告诉候补的企业现在有空档"), Every(1), notifications.tell_waiting),
    Job("daily-mail", N_("汇总一天的通知"), Daily(8, 0), notifications.queue_daily),
    Job("mail", N_("发邮件"), Every(1), notifications.send_mail),
    Job("statistics", N_("更新数据库的统计，让查询找对索引"), Every(360), refresh_statistics),
    Job("files", N_("清除没有归属的上传内容，并核对文件是否都在"), Daily(3, 30), sweep),
)


def job(name: str) -> Job | None:
    """The job of this name."""
    return next((found for found in JOBS if found.name == name), None)
