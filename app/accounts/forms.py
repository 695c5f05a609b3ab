"""Forms of accounts; each builds one command of the service."""

from collections.abc import Iterable, Sequence
from typing import Any, Self

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from wtforms import EmailField, Field, PasswordField, RadioField, SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Email, InputRequired, Length

from app.accounts import joining, members, recovery, rules, service
from app.accounts.models import Role, Scope
from app.accounts.queries import LabChoice
from app.forms import ChoicesField, CommandForm, no_nul, ruled, text, trimmed
from app.language import lang, pick


def email(autocomplete: str) -> EmailField:
    """An e-mail address."""
    return EmailField(
        _l("邮箱"),
        validators=[InputRequired(), no_nul, Length(max=254), Email(_l("请填邮箱地址，例如 li@example.com。"))],
        filters=[trimmed],
        render_kw={"autocomplete": autocomplete, "autocapitalize": "none"},
    )


def password(label: Any, autocomplete: str) -> PasswordField:
    """A password; its own rules answer when it is set."""
    return PasswordField(
        label,
        validators=[InputRequired(), Length(max=rules.PASSWORD_MAX)],
        render_kw={"autocomplete": autocomplete},
    )


class SignInForm(CommandForm):
    email = EmailField(
        _l("邮箱"),
        validators=[InputRequired(), no_nul, Length(max=254)],
        render_kw={"autocomplete": "username", "autocapitalize": "none"},
    )
    password = password(_l("密码"), "current-password")

    def command(self) -> service.SignIn:
        return service.SignIn(self.email.data or "", self.password.data or "")


class AccountForm(CommandForm):
    """Sets a password of an account that is known: its rules are asked with the other fields."""

    def of(self, email: str) -> Self:
        """The account's address, which must not be its password."""
        self.address = email
        return self

    def validate_password(self, field: Field) -> None:
        """So that all that is wrong is told at once."""
        ruled(rules.password, field.data, self.address)


class PasswordForm(AccountForm):
    current = password(_l("现在的密码"), "current-password")
    password = password(_l("新密码"), "new-password")

    def command(self) -> service.ChangePassword:
        return service.ChangePassword(self.current.data or "", self.password.data or "")


class LostPasswordForm(CommandForm):
    email = email("username")

    def command(self) -> recovery.AskForLink:
        return recovery.AskForLink(self.email.data or "")


class NewPasswordForm(CommandForm):
    password = password(_l("新密码"), "new-password")

    def command(self) -> recovery.Renew:
        return recovery.Renew(self.password.data or "")


class RegisterForm(CommandForm):
    name_zh = text(_l("企业全称"), 100, autocomplete="organization")
    short_zh = text(_l("企业简称"), 20, needed=False)
    name_en = text(_l("英文名称"), 120, needed=False)
    credit_code = text(_l("统一社会信用代码"), 40, autocomplete="off", spellcheck="false")
    province = SelectField(_l("所在省级行政区"))
    city = text(_l("城市"), 40, autocomplete="address-level2")
    name = text(_l("您的姓名"), 60, autocomplete="name")
    email = email("username")
    password = password(_l("密码"), "new-password")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.province.choices = [SelectChoice("", gettext("请选择"))]
        self.province.choices += [SelectChoice(name, gettext(name)) for name in rules.PROVINCES]
        self.province.validators = [InputRequired()]

    def validate_credit_code(self, field: Field) -> None:
        """With the other fields, so that all that is wrong is told at once."""
        ruled(rules.credit_code, field.data)

    def validate_password(self, field: Field) -> None:
        """As above."""
        ruled(rules.password, field.data, self.email.data or "")

    def command(self) -> service.Register:
        return service.Register(
            name_zh=self.name_zh.data or "",
            name_en=self.name_en.data or "",
            short_zh=self.short_zh.data or "",
            province=self.province.data,
            city=self.city.data or "",
            credit_code=self.credit_code.data or "",
            person=service.Person(self.email.data or "", self.name.data or "", self.password.data or "", lang()),
        )


class AcceptForm(AccountForm):
    name = text(_l("您的姓名"), 60, autocomplete="name")
    password = password(_l("密码"), "new-password")

    def command(self) -> members.Accept:
        return members.Accept(self.name.data or "", self.password.data or "", lang())


class InviteForm(CommandForm):
    email = email("off")
    role = RadioField(_l("角色"), validators=[InputRequired()])
    lab_ids = ChoicesField(_l("实验室（实验室角色要选）"))

    def offer(self, organisation_id: str, roles: Sequence[tuple[Role, str]], labs: Sequence[LabChoice]) -> "InviteForm":
        """What this inviter can choose from in this organisation; roles with their names."""
        self.organisation_id = organisation_id
        self.role.choices = [SelectChoice(role.value, name) for role, name in roles]
        self.lab_ids.choices = [SelectChoice(lab.id, pick(lab)) for lab in labs]
        if len(self.lab_ids.choices) == 1 and not self.is_submitted():
            self.lab_ids.data = [labs[0].id]
        return self

    def validate_lab_ids(self, field: Field) -> None:
        """With the address, so that all that is wrong is told at once."""
        if self.role.data in members.LAB_ROLES:
            ruled(rules.labs_given, field.data or ())

    def command(self) -> members.Invite:
        role = Role(self.role.data)
        lab_ids = tuple(self.lab_ids.data or ()) if role in members.LAB_ROLES else ()
        return members.Invite(self.email.data or "", members.Seat(self.organisation_id, role, lab_ids))


class AskForm(CommandForm):
    role = RadioField(_l("角色"), validators=[InputRequired()])
    # Needed for roles in a company: its own rule says so.
    credit_code = StringField(
        _l("企业的统一社会信用代码"),
        validators=[no_nul, Length(max=40)],
        filters=[trimmed],
        render_kw={"autocomplete": "off", "spellcheck": "false"},
    )
    lab_id = SelectField(_l("实验室"))
    text = text(_l("一句话说明您是谁"), 200)

    def offer(self, labs: Iterable[LabChoice]) -> "AskForm":
        """Roles that can be asked for, and the labs of the catalogue."""
        roles = (Role.ENGINEER, Role.COMPANY_MANAGER, Role.LAB_ADMIN, Role.BENCH_CREW)
        self.role.choices = [SelectChoice(role.value, gettext(role.label)) for role in roles]
        self.lab_id.choices = [SelectChoice("", gettext("请选择"))]
        self.lab_id.choices += [SelectChoice(lab.id, pick(lab)) for lab in labs]
        return self

    def validate_credit_code(self, field: Field) -> None:
        """With the other fields, so that all that is wrong is told at once."""
        if self.role.data in members.COMPANY_ROLES:
            ruled(rules.credit_code, field.data or "")

    def validate_lab_id(self, field: Field) -> None:
        """As above."""
        if self.role.data in members.LAB_ROLES:
            ruled(joining.at_lab, Role(self.role.data), field.data or "")

    def command(self) -> joining.Ask:
        role, lab_id = Role(self.role.data), self.lab_id.data or ""
        return joining.Ask(role, self.credit_code.data or "", lab_id, self.text.data or "")


class TokenForm(CommandForm):
    name = text(_l("用途"), 60)
    scope = RadioField(
        _l("权限"),
        choices=[
            SelectChoice(Scope.READ.value, _l("只读")),
            SelectChoice(Scope.WRITE.value, _l("读写，可预约和改期")),
        ],
        default=Scope.READ.value,
        validators=[InputRequired()],
    )

    def command(self) -> service.NewToken:
        return service.NewToken(self.name.data or "", Scope(self.scope.data))
