"""Pure rules of samples: identification, the steps of custody, what a test leaves of one."""

import enum
import re
from collections.abc import Mapping

from app.errors import N_, Invalid, YujianError


class SampleKind(enum.StrEnum):
    VEHICLE = "vehicle"
    BATTERY = "battery"
    HYDROGEN = "hydrogen"
    PART = "part"

    @property
    def label(self) -> str:
        """The msgid that people read."""
        return KIND_LABELS[self]


KIND_LABELS = {
    SampleKind.VEHICLE: N_("车辆"),
    SampleKind.BATTERY: N_("电池"),
    SampleKind.HYDROGEN: N_("氢系统零部件"),
    SampleKind.PART: N_("其他零部件"),
}
# Kinds of the catalogue's tests; all others are parts.
KIND_OF_TEST: Mapping[str, SampleKind] = {
    "vehicle": SampleKind.VEHICLE,
    "cell": SampleKind.BATTERY,
    "module": SampleKind.BATTERY,
    "pack": SampleKind.BATTERY,
    "stack": SampleKind.HYDROGEN,
    "tank": SampleKind.HYDROGEN,
}
# Dangerous goods travel with papers: UN 38.3 summary of a battery, proof of an empty or inerted vessel.
NEEDS_PAPER = frozenset({SampleKind.BATTERY, SampleKind.HYDROGEN})
# A sample has to be there so many days before its test, or both sides are told.
DUE_DAYS = 3


class SampleState(enum.StrEnum):
    EXPECTED = "expected"
    DISPATCHED = "dispatched"
    RECEIVED = "received"
    STORED = "stored"
    ON_BENCH = "on_bench"
    RETURNED = "returned"
    DISPOSED = "disposed"

    @property
    def label(self) -> str:
        """The msgid that people read."""
        return STATE_LABELS[self]


STATE_LABELS = {
    SampleState.EXPECTED: N_("未发出"),
    SampleState.DISPATCHED: N_("在途中"),
    SampleState.RECEIVED: N_("已收样"),
    SampleState.STORED: N_("已入库"),
    SampleState.ON_BENCH: N_("在台架上"),
    SampleState.RETURNED: N_("已退还"),
    SampleState.DISPOSED: N_("已处置"),
}

# Where a sample can go from where it is; storing again is another place.
NEXT: Mapping[SampleState, frozenset[SampleState]] = {
    SampleState.EXPECTED: frozenset({SampleState.DISPATCHED, SampleState.RECEIVED}),
    SampleState.DISPATCHED: frozenset({SampleState.RECEIVED}),
    SampleState.RECEIVED: frozenset(
        {SampleState.STORED, SampleState.ON_BENCH, SampleState.RETURNED, SampleState.DISPOSED}
    ),
    SampleState.STORED: frozenset(
        {SampleState.STORED, SampleState.ON_BENCH, SampleState.RETURNED, SampleState.DISPOSED}
    ),
    SampleState.ON_BENCH: frozenset({SampleState.RECEIVED}),
    SampleState.RETURNED: frozenset({SampleState.DISPATCHED, SampleState.RECEIVED}),
    SampleState.DISPOSED: frozenset(),
}

MOST_SLOTS = 500
LEAST_SERIAL = 6
_VIN = re.compile(r"[A-HJ-NPR-Z0-9]{17}")
_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
_VALUES = {letter: value for letters in ("ABCDEFGH", "JKLMN") for value, letter in enumerate(letters, 1)}
_VALUES |= {"P": 7, "R": 9} | {letter: value for value, letter in enumerate("STUVWXYZ", 2)}


class WrongStep(YujianError):
    code, status, field = "wrong_state", 409, "state"
    message = N_("样品现在的状态不能这样登记，请重新打开页面。")


class SampleStale(YujianError):
    code, status = "stale", 409
    message = N_("样品已经有了新的记录，请重新打开后再登记。")


class NameTaken(YujianError):
    field = "name"
    message = N_("这张委托单里已有样品 %(name)s。")


class VinReasonMissing(YujianError):
    field = "vin_reason"
    message = N_("VIN 第 9 位应为 %(digit)s，请核对；确实如此的话写明原因，例如试制车。")


class PaperMissing(YujianError):
    field = "transport_paper"
    message = N_("电池和氢系统零部件发运前要填运输文件，例如 UN 38.3 试验概要编号。")


class WaybillTaken(YujianError):
    field = "waybill"
    message = N_("运单 %(waybill)s 已用于另一张委托单，请核对。")


class PlaceFull(YujianError):
    code, status, field = "wrong_state", 409, "place"
    message = N_("%(place)s 已经放满，请换一个位置。")


class DeviationOpen(YujianError):
    code, status = "wrong_state", 409
    message = N_("样品 %(sample)s 与委托不符，企业还没有答复，不能开始。")


class NotHere(YujianError):
    code, status = "wrong_state", 409
    message = N_("样品 %(sample)s 还没有收样，不能开始。")


class OnAnotherBench(YujianError):
    code, status = "wrong_state", 409
    message = N_("样品 %(sample)s 正在另一个台架上，不能开始。")


class SampleAtOtherLab(YujianError):
    code, status, field = "wrong_state", 409, "resource"
    message = N_("样品 %(sample)s 已经寄给原来的实验室，不能改到别的实验室。请在原实验室改期，或取消后另约。")


class Consumed(YujianError):
    field = "sample"
    message = N_("样品 %(sample)s 做过%(test)s，已经损坏，不能再做这个项目。请换样品。")


class NothingToAnswer(YujianError):
    code, status = "wrong_state", 409
    message = N_("没有等待答复的偏离。")


class PlaceInUse(YujianError):
    code, status = "wrong_state", 409
    message = N_("%(place)s 还放着样品，不能撤销。")


class PlaceNameTaken(YujianError):
    field = "name"
    message = N_("已有位置 %(name)s。")


def normal_vin(given: str) -> str | None:
    """The 17 characters of a VIN in capitals, None for an empty text (GB 16735: no I, O, Q). Raises Invalid."""
    vin = re.sub(r"[\s-]", "", given).upper()
    if not vin:
        return None
    if not _VIN.fullmatch(vin):
        raise Invalid(N_("VIN 是 17 位字母和数字，没有 I、O、Q。"), field="vin")
    return vin


def normal_serial_number(given: str) -> str | None:
    """A serial number in capitals without blanks, None for an empty text. Raises Invalid.

    Of traction batteries it is the 24 characters of GB/T 34014-2017. A short one would not tell one thing from another.
    """
    number = "".join(given.split()).upper()
    if number and len(number) < LEAST_SERIAL:
        raise Invalid(
            N_("序列号至少 %(least)d 位，企业内不重复；较短的编号请写在样品名称里。"),
            field="serial_number",
            least=LEAST_SERIAL,
        )
    return number or None


def vin_check_digit(vin: str) -> str:
    """What the ninth character of a VIN should be (GB 16735-2019, 4.4; ISO 3779)."""
    total = sum(
        weight * (int(each) if each.isdigit() else _VALUES[each]) for weight, each in zip(_WEIGHTS, vin, strict=True)
    )
    return "X" if total % 11 == 10 else str(total % 11)


def check_vin(vin: str | None, reason: str) -> None:
    """A check digit that is wrong is kept with a reason. Raises VinReasonMissing."""
    if vin is not None and vin[8] != (digit := vin_check_digit(vin)) and not reason:
        raise VinReasonMissing(digit=digit)


def check_step(before: SampleState, after: SampleState) -> None:
    """Raises WrongStep where a sample can't go from here to there: it is in one place at a time."""
    if after not in NEXT[before]:
        raise WrongStep()


def check_paper(kind: SampleKind, paper: str) -> None:
    """Raises PaperMissing for dangerous goods without their paper."""
    if kind in NEEDS_PAPER and not paper:
        raise PaperMissing()


def free_slot(taken: set[int], slots: int) -> int | None:
    """The lowest free slot of a place, from 1; None when it is full."""
    return next((slot for slot in range(1, slots + 1) if slot not in taken), None)
