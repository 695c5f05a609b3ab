"""Pure rules of accounts: the credit code's check digit, passwords, refusals, where a sign-in leads."""

from collections.abc import Sequence
from datetime import timedelta
from urllib.parse import urlsplit

from app.errors import N_, Invalid, YujianError

# GB 32100-2015: 31 characters, I O S V Z left out; the place of a character is its value.
CREDIT_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
CREDIT_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
PASSWORD_MIN, PASSWORD_MAX = 10, 200
INVITATION_LASTS = timedelta(days=7)
RECOVERY_LASTS = timedelta(days=1)
TOKENS_PER_USER = 20
# Provincial-level divisions in the order of GB/T 2260.
PROVINCES = (
    N_("北京市"),
    N_("天津市"),
    N_("河北省"),
    N_("山西省"),
    N_("内蒙古自治区"),
    N_("辽宁省"),
    N_("吉林省"),
    N_("黑龙江省"),
    N_("上海市"),
    N_("江苏省"),
    N_("浙江省"),
    N_("安徽省"),
    N_("福建省"),
    N_("江西省"),
    N_("山东省"),
    N_("河南省"),
    N_("湖北省"),
    N_("湖南省"),
    N_("广东省"),
    N_("广西壮族自治区"),
    N_("海南省"),
    N_("重庆市"),
    N_("四川省"),
    N_("贵州省"),
    N_("云南省"),
    N_("西藏自治区"),
    N_("陕西省"),
    N_("甘肃省"),
    N_("青海省"),
    N_("宁夏回族自治区"),
    N_("新疆维吾尔自治区"),
    N_("台湾省"),
    N_("香港特别行政区"),
    N_("澳门特别行政区"),
)


def credit_check_digit(first17: str) -> str:
    """The 18th character of a unified social credit code.

    first17: 17 characters of CREDIT_ALPHABET. Source: GB 32100-2015, annex on the check digit (modulus 31).
    """
    total = sum(CREDIT_ALPHABET.index(letter) * weight for letter, weight in zip(first17, CREDIT_WEIGHTS, strict=True))
    return CREDIT_ALPHABET[-total % 31]


def credit_code(given: str) -> str:
    """The code in capitals without blanks. Raises Invalid at field `credit_code`."""
    value = "".join(given.split()).upper()
    if len(value) != 18 or any(letter not in CREDIT_ALPHABET for letter in value):
        raise Invalid(
            N_("统一社会信用代码是 18 位数字和大写字母，不含 I、O、S、V、Z，例如 %(example)s。"),
            field="credit_code",
            example="91510100MA0000000H",
        )
    if credit_check_digit(value[:17]) != value[17]:
        raise Invalid(N_("统一社会信用代码的最后一位校验不符，请核对。"), field="credit_code")
    return value


def password(given: str, email: str) -> str:
    """The password as given. Raises Invalid at field `password` when it is too short, too long or the address."""
    if not PASSWORD_MIN <= len(given) <= PASSWORD_MAX:
        raise Invalid(
            N_("密码要 %(least)d 到 %(most)d 个字符。"),
            field="password",
            least=PASSWORD_MIN,
            most=PASSWORD_MAX,
        )
    if given.lower() in {email.lower(), email.lower().partition("@")[0]}:
        raise Invalid(N_("密码不能是邮箱地址。"), field="password")
    return given


class EmailTaken(YujianError):
    field = "email"
    message = N_("这个邮箱已有账号。请先用它登录。")


class CompanyKnown(YujianError):
    field = "credit_code"
    message = N_("这家企业已经登记。请向贵公司的企业管理员要一个邀请链接。")


class AlreadyMember(YujianError):
    code, status, field = "wrong_state", 409, "email"
    message = N_("这个邮箱已经是这里的成员。")


class InvitationGone(YujianError):
    code, status = "not_found", 404
    message = N_("这个邀请链接已用过、已撤销或已过期。请向邀请您的人再要一个。")


class RecoveryGone(YujianError):
    code, status = "not_found", 404
    message = N_("这个链接已用过或已过期。请在登录页点“忘记密码”，再要一个。")


class InvitationForAnother(YujianError):
    code, status = "forbidden", 403
    message = N_("这个邀请发给了另一个邮箱。请先退出，再打开链接。")


class RoleDoesNotFit(YujianError):
    field = "role"
    message = N_("这个机构不能有这个角色：企业角色要企业，实验室角色要所属的实验室，协同角色要主管部门。")


class LabsMissing(YujianError):
    field = "lab_ids"
    message = N_("请选择这个机构的至少一个实验室。")


def labs_given(lab_ids: Sequence[str]) -> None:
    """A role at labs is given at one of them at least. Raises LabsMissing."""
    if not lab_ids:
        raise LabsMissing()


class LastManager(YujianError):
    code, status = "wrong_state", 409
    message = N_("这是最后一位管理员，请先邀请另一位。")


class StillOpen(YujianError):
    code, status, field = "wrong_state", 409, "organisation"
    message = N_("%(name)s 还有 %(orders)d 张在途委托单、%(bookings)d 个未结束的预约，办完或取消之后才能关闭。")


class NobodyTakesOver(YujianError):
    code, status, field = "wrong_state", 409, "to"
    message = N_("还有没有移交的事项，请选一位同事接手。")


class NotRegistered(YujianError):
    field = "organisation"
    message = N_("%(name)s 是目录里的机构，随目录增减，不在这里关闭。")


class WrongPassword(YujianError):
    field = "current"
    message = N_("现在的密码不对。")


class TooManyTokens(YujianError):
    code, status = "wrong_state", 409
    message = N_("最多 %(limit)d 个令牌，请先撤销一个。")


class SignInRefused(YujianError):
    """Unknown address or wrong password: the two can't be told apart."""

    code, status, field = "unauthenticated", 422, "email"
    message = N_("邮箱或密码不对。再错 %(left)d 次将锁定 %(minutes)d 分钟。")


class SignInLocked(YujianError):
    code, status, field = "rate_limited", 429, "email"
    message = N_("登录失败次数过多，请 %(minutes)d 分钟后再试。")


def safe_path(target: str | None) -> str | None:
    """A path of this site to go on to, None for anything else: a link of ours must not lead to another site."""
    if not target or not target.startswith("/") or target.startswith("//") or "\\" in target:
        return None
    # Browsers drop control characters: "/\t/host" would be "//host".
    if any(ord(letter) < 32 for letter in target):
        return None
    parts = urlsplit(target)
    return None if parts.scheme or parts.netloc else target
