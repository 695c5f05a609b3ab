"""Pages of notices: the inbox, how to hear by mail, the link that ends mails, and the administrator's mail page."""

from typing import Any

from flask import Blueprint, Flask, current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from app.accounts.current import login_required, viewer
from app.accounts.policy import Action, require
from app.clock import now
from app.forms import row_cursor
from app.notifications import queries, service, wording
from app.notifications.forms import ChoicesForm
from app.notifications.groups import Group
from app.notifications.models import MailState, Notice
from app.notifications.queries import Place
from app.notifications.rules import groups_of_role, groups_to_choose
from app.notifications.server import SETTING, server_of
from app.startup import refuse

bp = Blueprint("notifications", __name__)
blueprints = (bp,)
PAGE = 50


def init_app(app: Flask) -> None:
    """Sentences for templates. A mail server that can't be read refuses to start."""
    app.jinja_env.filters["sentence"] = wording.sentence
    try:
        server_of(app.config)
    except ValueError as error:
        refuse(
            f"设置 YUJIAN_{SETTING} 读不懂，应为 {error}",
            f"The setting YUJIAN_{SETTING} can't be read, it must have {error}",
        )


@bp.get("/notices/")
@login_required
def index() -> str:
    """What the viewer was told, the unread first; `kind` is one of the groups."""
    me, group = viewer(), _group(request.args.get("kind", ""))
    found = queries.inbox(me, group, _place(request.args.get("after", "")), PAGE + 1)
    return render_template(
        "notifications/index.html",
        group=group,
        groups=groups_of_role(me.role_name or ""),
        notices=found[:PAGE],
        any=bool(found) or queries.any_notice(me),
        after=_written_place(found[PAGE - 1]) if len(found) > PAGE else None,
    )


def _group(text: str) -> Group | None:
    return Group(text) if text in set(Group) else None


def _place(text: str) -> Place | None:
    """`read|instant|id` or `unread|instant|id` as an address holds it; None for anything else."""
    part, _bar, rest = text.partition("|")
    found = row_cursor(rest)
    return Place(part == "read", *found) if found and part in ("read", "unread") else None


def _written_place(notice: Notice) -> str:
    part = "read" if notice.read_at else "unread"
    return f"{part}|{notice.created_at.isoformat()}|{notice.id}"


@bp.get("/notices/<notice_id>")
@login_required
def follow(notice_id: str) -> Any:
    """To the page that a notice is about; like any letter that is opened it is read then."""
    return redirect(service.read(viewer(), notice_id, now()).path, 303)


@bp.post("/notices/<notice_id>/read")
@login_required
def read(notice_id: str) -> Any:
    service.read(viewer(), notice_id, now())
    return _back()


@bp.post("/notices/read")
@login_required
def read_all() -> Any:
    service.read_all(viewer(), _group(request.form.get("kind", "")), now())
    return _back()


def _back() -> Any:
    group = _group(request.form.get("kind", ""))
    return redirect(url_for(".index", kind=group.value if group else None), 303)


@bp.route("/notices/choices", methods=["GET", "POST"])
@login_required
def choices() -> Any:
    me = viewer()
    chosen = {group: how for (_user, group), how in queries.choices_of({me.user_id or ""}).items()}
    form = ChoicesForm().offer(groups_to_choose(me.role_name or ""), chosen, request.method == "POST")
    if form.run(lambda command: service.choose(me, command, now())):
        flash(_("已保存。"))
        return redirect(url_for(".choices"), 303)
    mail_on = server_of(current_app.config) is not None
    return render_template("notifications/choices.html", form=form, mail_on=mail_on), form.status


@bp.route("/notices/unsubscribe/<token>", methods=["GET", "POST"])
def unsubscribe(token: str) -> str:
    """RFC 8058: a mail program posts here without signing in; a person finds a button."""
    done = request.method == "POST"
    found = service.unsubscribe(token, now()) if done else service.unsubscription(token)
    return render_template("notifications/unsubscribe.html", token=token, group=found.group, done=done)


@bp.get("/admin/mail")
@login_required
def mail() -> str:
    """How mails fare; only addresses and reasons, never what they say."""
    require(viewer(), Action.ADMINISTER)
    return render_template(
        "notifications/mail.html",
        counts=queries.mail_counts(),
        dead=queries.mails(MailState.DEAD),
        late=queries.failing(),
        mail_on=server_of(current_app.config) is not None,
    )


@bp.post("/admin/mail/<mail_id>/again")
@login_required
def send_again(mail_id: str) -> Any:
    service.send_again(viewer(), mail_id, now())
    flash(_("已重新排队。"))
    return redirect(url_for(".mail"), 303)
