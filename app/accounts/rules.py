"""Pure rules of accounts: the credit code's check digit, passwords, refusals, where a sign-in leads."""

from urllib.parse import urlsplit

from app.errors import N_, Invalid, YujianError

# GB 32100-2015: 31 characters, I O S V Z left out; the place of a character is its value.
CREDIT_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
CREDIT_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
PASSWORD_MIN, PASSWORD_MAX = 10, 200


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
            example="91510100MA00000007",
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
