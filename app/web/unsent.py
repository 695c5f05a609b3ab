"""What was typed outlives a session: a form of ours that came too late is shown again, ready to be sent once more.

Only a form that a page of ours sent is (browsers say so in Origin): another site's must not become one press away.
And only to whom the page was made for, while nobody else has signed in: who signs in next at a shared computer
neither sees what was typed before him nor sends it under his own name.
"""

from flask import redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app.accounts import form_tokens, queries
from app.accounts.current import viewer

SIGN_IN = "accounts.sign_in"
# The token of the form as it was first sent: it says whose it is while nobody is signed in.
WHOSE = "typed_by"
# A password is typed again, and the token is the one that no longer holds.
NOT_KEPT = frozenset({form_tokens.FIELD, WHOSE, "password", "current"})


def ours() -> bool:
    """Whether a page of this site sent the form."""
    return request.method == "POST" and request.headers.get("Origin") == request.host_url.rstrip("/")


def page() -> ResponseReturnValue:
    """The form as it was sent, to sign in beside it and send it again; the sign-in page itself is only opened anew.

    Another user is told that nothing was sent, and shown nothing of it.
    """
    if request.endpoint == SIGN_IN:
        return redirect(request.full_path.rstrip("?"), 303)
    token = request.form.get(WHOSE) or request.form.get(form_tokens.FIELD, "")
    typist = form_tokens.given_to(token)
    if current_user.is_authenticated and current_user.id != typist:
        return render_template("errors/anothers.html"), 400
    kept = [(name, value) for name, value in request.form.items(multi=True) if name not in NOT_KEPT]
    facts = {"kept": kept, "files": bool(request.files), "signed_in": viewer().signed_in, "token": token}
    account = queries.user(typist) if typist else None
    return render_template("errors/unsent.html", **facts, account=account, whose=WHOSE), 400
