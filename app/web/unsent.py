"""What was typed outlives a session: a form of ours that came too late is shown again, ready to be sent once more.

Only a form that a page of ours sent is (browsers say so in Origin): another site's must not become one press away.
"""

from flask import redirect, render_template, request
from flask.typing import ResponseReturnValue

from app.accounts.current import viewer

SIGN_IN = "accounts.sign_in"
# A password is typed again, and the token is the one that no longer holds.
NOT_KEPT = frozenset({"csrf_token", "password", "current"})


def ours() -> bool:
    """Whether a page of this site sent the form."""
    return request.method == "POST" and request.headers.get("Origin") == request.host_url.rstrip("/")


def page() -> ResponseReturnValue:
    """The form as it was sent, to sign in beside it and send it again; the sign-in page itself is only opened anew."""
    if request.endpoint == SIGN_IN:
        return redirect(request.full_path.rstrip("?"), 303)
    kept = [(name, value) for name, value in request.form.items(multi=True) if name not in NOT_KEPT]
    facts = {"kept": kept, "files": bool(request.files), "signed_in": viewer().signed_in}
    return render_template("errors/unsent.html", **facts), 400
