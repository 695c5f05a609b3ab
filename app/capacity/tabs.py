"""The tabs of a lab's capacity: every page under /capacity/<lab>/ has one obvious place among them."""

from dataclasses import dataclass

from flask import current_app
from flask_babel import gettext

from app.errors import N_


@dataclass(frozen=True, slots=True)
class Tab:
    """endpoint: takes `lab_id`. label, about: texts of this request; prefix: endpoints on which it is current."""

    endpoint: str
    label: str
    about: str

    @property
    def prefix(self) -> str:
        return self.endpoint if self.endpoint == "capacity.lab" else self.endpoint.rpartition(".")[0] + "."


TABS = (
    ("capacity.lab", N_("概览"), ""),
    ("capacity_resources.index", N_("台架与能力"), N_("台架、通道、能做的项目、时长和限值")),
    ("capacity_conditions.index", N_("样品状态"), N_("各项目要什么样的样品，做完之后变成什么样")),
    ("capacity_calendars.index", N_("工作日历"), N_("班次、节假日、加班和停工")),
    ("capacity_closures.index", N_("停用与检修"), N_("维护、校准、故障、限电，以及受影响的预约")),
    ("capacity_rules.index", N_("预约规则"), N_("提前期、份额、自动确认、取消期限")),
    ("capacity_approvals.index", N_("审批步骤"), N_("谁先看、谁代理、多久升级")),
    ("capacity_reporting.index", N_("报告审批"), N_("谁审核、谁批准报告，要不要不同的人")),
    ("capacity_use.index", N_("利用率"), N_("开放、已约、已用，还能填的空档")),
    ("capacity_sheets.index", N_("表格导入导出"), N_("用 Excel 成批修改，先预览再生效")),
)


def tabs() -> list[Tab]:
    """The tabs that are built, in the reader's language."""
    built = ((endpoint, label, about) for endpoint, label, about in TABS if endpoint in current_app.view_functions)
    return [Tab(endpoint, gettext(label), gettext(about) if about else "") for endpoint, label, about in built]
