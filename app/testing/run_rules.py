"""Pure rules of runs: the closed lists of causes and results, and what may follow what."""

import enum

from app.errors import N_, YujianError

MOST_TOKENS = 20


class PauseCause(enum.StrEnum):
    EQUIPMENT = "equipment"
    SAMPLE = "sample"
    CUSTOMER = "customer"
    SUPPLY = "supply"
    STAFF = "staff"
    WEATHER = "weather"

    @property
    def label(self) -> str:
        """The msgid that people read."""
        return CAUSE_LABELS[self]


CAUSE_LABELS = {
    PauseCause.EQUIPMENT: N_("设备故障"),
    PauseCause.SAMPLE: N_("样品问题"),
    PauseCause.CUSTOMER: N_("等企业答复"),
    PauseCause.SUPPLY: N_("停电、停气或停水"),
    PauseCause.STAFF: N_("人员不在岗"),
    PauseCause.WEATHER: N_("天气"),
}


class Result(enum.StrEnum):
    PASSED = "passed"
    FAILED = "failed"
    INVALID = "invalid"

    @property
    def label(self) -> str:
        """The msgid that people read."""
        return RESULT_LABELS[self]


RESULT_LABELS = {
    Result.PASSED: N_("合格"),
    Result.FAILED: N_("不合格"),
    Result.INVALID: N_("试验无效"),
}
# Results after which the test may be repeated.
REPEATABLE = frozenset({Result.FAILED, Result.INVALID})


class AlreadyPaused(YujianError):
    code, status = "wrong_state", 409
    message = N_("试验已经暂停。")


class NotPaused(YujianError):
    code, status = "wrong_state", 409
    message = N_("试验没有暂停。")


class NotRunning(YujianError):
    code, status = "wrong_state", 409
    message = N_("试验不在进行，请重新打开页面。")


class AlreadyJudged(YujianError):
    code, status = "wrong_state", 409
    message = N_("这次试验已经结束，结果是%(result)s。")


class ResultMissing(YujianError):
    code, status, field = "wrong_state", 409, "result"
    message = N_("只有不合格或无效的试验可以复测。")


class CommentNeeded(YujianError):
    field = "comment"
    message = N_("不合格或无效时请写明原因，复测要依据它。")


class NothingToRun(YujianError):
    code, status, field = "wrong_state", 409, "booking"
    message = N_("这个台架现在没有对应的预约。")


class TooManyTokens(YujianError):
    message = N_("一个台架最多 %(limit)d 个令牌，请先撤销不用的。")
