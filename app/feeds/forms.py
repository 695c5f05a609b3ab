"""The form that makes a calendar address."""

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import SelectField
from wtforms.fields.choices import SelectChoice

from app.accounts.policy import Viewer
from app.feeds import queries
from app.feeds.models import FeedLanguage, FeedScope
from app.feeds.service import Subscribe
from app.forms import CommandForm, VersionField
from app.language import lang, pick

LANGUAGES = [SelectChoice("zh", "中文"), SelectChoice("en", "English")]


class FeedForm(CommandForm):
    """`what` is a scope, or scope and id: `me`, `resource:cmvr-abuse-1`. The language is that of the texts."""

    what = SelectField(_l("订阅什么"))
    language = SelectField(_l("日历的语言"), choices=LANGUAGES, default=lang)

    def offer(self, viewer: Viewer) -> "FeedForm":
        """Fill in what this viewer may subscribe to."""
        self.what.choices = _choices(viewer)
        return self

    def command(self) -> Subscribe:
        scope, _separator, target = self.what.data.partition(":")
        return Subscribe(FeedScope(scope), target or None, FeedLanguage(self.language.data))


class RenewForm(CommandForm):
    """Another address, in place of the one that the page showed."""

    version = VersionField()

    def command(self) -> int:
        return int(self.version.data or 0)


def _choices(viewer: Viewer) -> list[SelectChoice]:
    own = [("me", _("我的预约") if viewer.is_company else _("我的实验室的全部预约"))]
    if viewer.is_company:
        own.append(("company", _("本企业的预约")))
    own += [(f"lab:{lab.id}", pick(lab)) for lab in queries.labs_to_choose(viewer)]
    return [SelectChoice(value, label, optgroup=_("预约")) for value, label in own] + [
        SelectChoice(f"resource:{resource.id}", pick(resource), optgroup=pick(resource, "lab"))
        for resource in queries.resources_to_choose()
    ]
