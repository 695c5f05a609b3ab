"""Mails as RFC 5322 text, in the receiver's language; one click ends them (RFC 8058)."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime, parseaddr

from flask import current_app, render_template
from flask_babel import gettext as _

from app.accounts.models import User
from app.accounts.policy import Viewer
from app.accounts.recovery import link_token
from app.enclosures import EnclosedFile, Enclosure
from app.language import speaking
from app.notifications.groups import ALWAYS_MAILED
from app.notifications.kinds import Kind
from app.notifications.models import Mail, Notice
from app.notifications.server import Server
from app.notifications.service import unsubscribe_token
from app.notifications.wording import sentence

LONGEST_SUBJECT = 120
UNSUBSCRIBE = "List-Unsubscribe"


class _WholeAddresses(EmailPolicy):
    """The library would take a long address for a long word and encode it; no mail program reads it then."""

    def fold(self, name: str, value: str) -> str:
        return f"{name}: {value}{self.linesep}" if name == UNSUBSCRIBE else super().fold(name, value)

    def fold_binary(self, name: str, value: str) -> bytes:
        return self.fold(name, value).encode("ascii") if name == UNSUBSCRIBE else super().fold_binary(name, value)


POLICY = _WholeAddresses(linesep="\r\n")


@dataclass(frozen=True, slots=True)
class Line:
    """A notice as a mail says it, with the absolute address of its page, and what is enclosed."""

    text: str
    address: str
    enclosure: Enclosure | None


def letter(
    mail: Mail,
    user: User,
    viewer: Viewer,
    notices: Sequence[Notice],
    server: Server,
    enclosed: Mapping[str, Enclosure],
) -> EmailMessage:
    """The mail about these notices. enclosed: by notice. Raises ValueError for a receiver that no header can hold."""
    with speaking(user.locale):
        lines = [Line(sentence(notice), _address(notice, user), enclosed.get(notice.id)) for notice in notices]
        ending = None if notices[0].group in ALWAYS_MAILED else _ending(mail, user, notices[0])
        page = {"lines": lines, "daily": mail.daily, "demo": viewer.demo, "ending": ending}
        page |= {"choices": _page("notifications.choices"), "name": user.name}
        message = EmailMessage(policy=POLICY)
        message["Subject"] = _subject(lines, mail.daily)
        message["From"] = _mailbox(server.sender, _("渝检"))
        message["To"] = Address(addr_spec=mail.to_address)
        message["Date"] = format_datetime(mail.created_at)
        message["Message-ID"] = mail.message_id
        message["Auto-Submitted"] = "auto-generated"
        if ending:
            message[UNSUBSCRIBE] = f"<{ending}>"
            message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        message.set_content(render_template("notifications/letter.txt", **page), cte="base64")
        message.add_alternative(render_template("notifications/letter.html", **page), subtype="html", cte="base64")
    for enclosure in enclosed.values():
        for file in enclosure.files:
            _attach(message, file)
    return message


def _address(notice: Notice, user: User) -> str:
    """The page of a notice. The link that sets a new password stands nowhere but in its mail."""
    if notice.kind != Kind.ACCESS_LOST:
        return absolute(notice.path)
    return _page("accounts.new_password", token=link_token(user, datetime.fromisoformat(notice.facts["until"])))


def _ending(mail: Mail, user: User, first: Notice) -> str:
    """Where one click ends such mails."""
    return _page("notifications.unsubscribe", token=unsubscribe_token(user.id, None if mail.daily else first.group))


def _page(endpoint: str, **values: str) -> str:
    return absolute(current_app.url_map.bind("").build(endpoint, values))


def _attach(message: EmailMessage, file: EnclosedFile) -> None:
    maintype, _slash, subtype = file.media_type.partition("/")
    message.add_attachment(file.content, maintype=maintype, subtype=subtype, filename=file.name)


def _subject(lines: Sequence[Line], daily: bool) -> str:
    text = _("渝检：今天的汇总，%(count)d 条通知", count=len(lines)) if daily else lines[0].text
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_SUBJECT else line[: LONGEST_SUBJECT - 1] + "…"


def _mailbox(sender: str, name: str) -> Address:
    given, address = parseaddr(sender)
    return Address(given or name, addr_spec=address)


def absolute(path: str) -> str:
    """The address of a page for somebody outside: from PUBLIC_URL, else where `make run` serves."""
    base = str(current_app.config["PUBLIC_URL"]) or f"http://127.0.0.1:{os.environ.get('PORT', '8000')}"
    return base.rstrip("/") + path
