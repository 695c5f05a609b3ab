"""Forms of accounts; each builds one command of the service."""

from flask_babel import lazy_gettext as _l
from wtforms import EmailField, PasswordField
from wtforms.validators import InputRequired, Length

from app.accounts import service
from app.forms import CommandForm


class SignInForm(CommandForm):
    email = EmailField(
        _l("邮箱"),
        validators=[InputRequired(), Length(max=254)],
        render_kw={"autocomplete": "username", "autocapitalize": "none"},
    )
    password = PasswordField(
        _l("密码"),
        validators=[InputRequired(), Length(max=200)],
        render_kw={"autocomplete": "current-password"},
    )

    def command(self) -> service.SignIn:
        return service.SignIn(email=self.email.data or "", password=self.password.data or "")
