"""Pages of accounts: signing in and out, joining, one's own account, members and tokens."""

from datetime import timedelta
from typing import Any

from flask import Blueprint, current_app, redirect, render_template, request, session, url_for
from flask_babel import gettext
from flask_login import current_user, login_user, logout_user
from werkzeug.wrappers import Response

from app.accounts import form_tokens, handing_over, joining, members, queries, recovery, rules, service
from app.accounts.current import MEMBERSHIP, login_required, viewer
from app.accounts.forms import (
    AcceptForm,
    AskForm,
    InviteForm,
    LostPasswordForm,
    NewPasswordForm,
    PasswordForm,
    RegisterForm,
    SignInForm,
    TokenForm,
)
from app.accounts.models import Invitation, User
from app.accounts.rules import LastManager, NobodyTakesOver, safe_path
from app.clock import now
from app.errors import Forbidden, NotFound, YujianError
from app.language import refusal

bp = Blueprint("accounts", __name__, url_prefix="/accounts")
blueprints = (bp,)

KEPT = ("language", "theme")


def lockout() -> service.Lockout:
    """The settings of the lock after wrong passwords."""
    config = current_app.config
    return service.Lockout(config["SIGN_IN_ATTEMPTS"], timedelta(minutes=config["SIGN_IN_LOCK_MINUTES"]))


@bp.route("/sign-in", methods=["GET", "POST"])
def sign_in() -> Any:
    target = safe_path(request.args.get("next")) or url_for("web.home")
    if viewer().signed_in:
        return redirect(target, 303)
    if current_user.is_authenticated:
        return render_template("accounts/nowhere.html")
    form = SignInForm()
    if user := form.run(service.sign_in, lockout(), now()):
        _begin_session(user)
        return redirect(target, 303)
    return render_template("accounts/sign_in.html", form=form), form.status


@bp.post("/sign-out")
def sign_out() -> Response:
    _end_session()
    return redirect(url_for("web.home"), 303)


@bp.route("/register", methods=["GET", "POST"])
def register() -> Any:
    form = RegisterForm()
    if user := form.run(service.register, now()):
        _begin_session(user)
        return redirect(url_for("web.home"), 303)
    return render_template("accounts/register.html", form=form), form.status


@bp.route("/join/<secret>", methods=["GET", "POST"])
def join(secret: str) -> Any:
    """The page behind an invitation's link: a new account, or one role more for who is signed in."""
    invitation = queries.invitation_by_secret(secret, now())
    if invitation is None:
        raise rules.InvitationGone()
    if current_user.is_authenticated:
        return _join_as_known(secret, invitation)
    form = AcceptForm().of(invitation.email)
    known = queries.user_by_email(invitation.email) is not None
    if not known and (user := form.run(members.accept, secret, now())):
        _begin_session(user)
        return redirect(url_for("web.home"), 303)
    return render_template("accounts/join.html", form=form, invitation=invitation, known=known), form.status


def _join_as_known(secret: str, invitation: Invitation) -> Any:
    if invitation.email != current_user.email:
        raise rules.InvitationForAnother()
    if request.method == "POST":
        session[MEMBERSHIP] = members.join(current_user.id, secret, now()).id
        return redirect(url_for("web.home"), 303)
    return render_template("accounts/join.html", form=None, invitation=invitation, known=True)


@bp.route("/lost-password", methods=["GET", "POST"])
def lost_password() -> Any:
    """Ask for a link by mail. The answer is the same whether the address is known or not."""
    form = LostPasswordForm()
    sent_to = form.run(recovery.ask, now())
    page = render_template(
        "accounts/lost_password.html", form=form, sent_to=sent_to, mail_on=bool(current_app.config["SMTP_URL"])
    )
    return page, form.status


@bp.route("/new-password/<token>", methods=["GET", "POST"])
def new_password(token: str) -> Any:
    """The page behind the link in the mail."""
    user = recovery.user_of(token, now())
    form = NewPasswordForm()
    if renewed := form.run(recovery.renew, token, now()):
        _begin_session(renewed)
        return redirect(url_for(".profile", changed="password"), 303)
    return render_template("accounts/new_password.html", form=form, user=user), form.status


@bp.get("/")
@login_required
def profile() -> str:
    own = queries.memberships_of(current_user.id)
    return render_template(
        "accounts/profile.html",
        user=current_user,
        memberships=own,
        active=viewer().membership_id,
        manages=bool(members.offered_roles(viewer(), viewer().organisation_id or "")),
    )


@bp.post("/membership/<membership_id>")
@login_required
def choose_membership(membership_id: str) -> Response:
    """Act as another of one's own memberships from now on."""
    chosen = queries.membership(membership_id)
    if chosen is None or chosen.user_id != current_user.id:
        raise NotFound()
    session[MEMBERSHIP] = chosen.id
    return redirect(url_for("web.home"), 303)


@bp.route("/password", methods=["GET", "POST"])
@login_required
def change_password() -> Any:
    form = PasswordForm().of(current_user.email)
    if user := form.run(service.change_password, viewer(), lockout(), now()):
        login_user(user)
        return redirect(url_for(".profile", changed="password"), 303)
    return render_template("accounts/password.html", form=form), form.status


@bp.route("/tokens", methods=["GET", "POST"])
@login_required
def tokens() -> Any:
    """One's API tokens. A new one is shown in the answer to its form and never again."""
    form = TokenForm()
    made = form.run(service.create_token, viewer(), now())
    page = render_template(
        "accounts/tokens.html",
        form=form,
        tokens=queries.tokens_of(current_user.id),
        secret=made[1] if made else None,
    )
    return page, 201 if made else form.status


@bp.post("/tokens/<token_id>/revoke")
@login_required
def revoke_token(token_id: str) -> Response:
    service.revoke_token(viewer(), token_id, now())
    return redirect(url_for(".tokens"), 303)


@bp.route("/members", methods=["GET", "POST"])
@login_required
def member_list() -> Any:
    """Members and invitations of an organisation, and inviting. The link is shown once, in the answer to the form."""
    me, at = viewer(), now()
    organisation = queries.organisation(request.args.get("organisation") or me.organisation_id or "")
    roles = members.offered_roles(me, organisation.id) if organisation else []
    if organisation is None or not roles:
        raise Forbidden() if organisation and organisation.id == me.organisation_id else NotFound()
    labs = [lab for lab in queries.labs_of(organisation.id) if not me.is_lab or lab.id in me.lab_ids]
    form = InviteForm().offer(organisation.id, [(role, gettext(role.label)) for role in roles], labs)
    made = form.run(members.invite, me, at)
    page = render_template(
        "accounts/members.html",
        form=form,
        organisation=organisation,
        members=members.looked_after(me, organisation.id),
        invitations=members.invited(me, organisation.id, at),
        requests=joining.waiting(me, organisation.id),
        labs={lab.id: lab for lab in queries.labs_of(organisation.id)},
        link=url_for(".join", secret=made[1], _external=True) if made else None,
        invitation=made[0] if made else None,
    )
    return page, 201 if made else form.status


@bp.route("/ask", methods=["GET", "POST"])
def ask() -> Any:
    """Ask for a seat in a company or at a lab; what was asked before, and the answers."""
    if not current_user.is_authenticated:
        return redirect(url_for(".sign_in", next=url_for(".ask")), 303)
    labs = {lab.id: lab for lab in queries.all_labs()}
    form = AskForm().offer(labs.values())
    if form.run(joining.ask, current_user.id, now()):
        return redirect(url_for(".ask"), 303)
    page = render_template("accounts/ask.html", form=form, asked=joining.asked_by(current_user.id), labs=labs)
    return page, form.status


@bp.post("/requests/<request_id>/<answer>")
@login_required
def answer_request(request_id: str, answer: str) -> Response:
    """Give the seat that was asked for, or not."""
    if answer not in ("accept", "decline"):
        raise NotFound()
    organisation_id = joining.decide(viewer(), request_id, answer == "accept", now())
    return redirect(url_for(".member_list", organisation=organisation_id), 303)


@bp.route("/members/<membership_id>/end", methods=["GET", "POST"])
@login_required
def end_membership(membership_id: str) -> Any:
    """What the member answers for, who takes it over, and the end of the membership."""
    refused: YujianError | None = None
    if request.method == "POST":
        try:
            organisation_id = handing_over.end(viewer(), membership_id, request.form.get("to", ""), now())
            return redirect(url_for(".member_list", organisation=organisation_id), 303)
        except (NobodyTakesOver, LastManager) as error:
            refused = error
    page = render_template(
        "accounts/hand_over.html",
        leaving=handing_over.leaving(viewer(), membership_id, now()),
        refused=refusal(refused) if refused else "",
    )
    return page, refused.status if refused else 200


@bp.post("/invitations/<invitation_id>/revoke")
@login_required
def revoke_invitation(invitation_id: str) -> Response:
    organisation_id = members.revoke_invitation(viewer(), invitation_id, now())
    return redirect(url_for(".member_list", organisation=organisation_id), 303)


def _begin_session(user: User) -> None:
    """A new session for this user: nothing of the visitor's is carried over but how pages look."""
    _end_session()
    session.permanent = True
    session.setdefault("language", user.locale)
    form_tokens.begin(user.id)
    login_user(user)


def _end_session() -> None:
    """Forget everything but language and appearance."""
    logout_user()
    kept = {name: session[name] for name in KEPT if name in session}
    session.clear()
    session.update(kept)
