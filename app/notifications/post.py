"""The conversation with the mail server: one connection for a batch, and what each failure means."""

import smtplib
import ssl
from email.message import EmailMessage
from email.utils import parseaddr
from types import TracebackType

from app.notifications.server import Server
from app.typed import one_line

# For connecting and for each answer.
PATIENCE_SECONDS = 20
PERMANENT = range(500, 600)
REASON_LENGTH = 300


class Failed(Exception):
    """Not sent; the text says why. Worth another attempt later."""


class Unreachable(Failed):
    """Nobody there, or we are not let in: no other letter would go either."""


class Refused(Exception):
    """The receiver or the letter is refused for good."""


class Post:
    """The connection, opened with the first letter, opened anew after a fault, and closed at the end."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._open: smtplib.SMTP | None = None

    def __enter__(self) -> "Post":
        return self

    def __exit__(self, _kind: type | None, _error: BaseException | None, _trace: TracebackType | None) -> None:
        if self._open is not None:
            try:
                self._open.quit()
            except (OSError, smtplib.SMTPException):
                self._drop()

    def send(self, message: EmailMessage, to: str) -> None:
        """The server has taken the letter when this returns. Raises Unreachable, Failed, Refused."""
        smtp = self._connected()
        try:
            smtp.send_message(message, parseaddr(self._server.sender)[1], [to])
        except smtplib.SMTPRecipientsRefused as error:
            code, answer = next(iter(error.recipients.values()))
            raise _judged(code, answer) from error
        except smtplib.SMTPDataError as error:
            raise _judged(error.smtp_code, error.smtp_error) from error
        except smtplib.SMTPNotSupportedError as error:
            raise Refused(_reason(error)) from error
        except smtplib.SMTPResponseException as error:
            # Our own address is refused, or the server is going down: nothing that the receiver could help.
            self._drop()
            raise Failed(_said(error.smtp_code, error.smtp_error)) from error
        except (OSError, smtplib.SMTPException) as error:
            self._drop()
            raise Failed(_reason(error)) from error

    def _connected(self) -> smtplib.SMTP:
        if self._open is None:
            try:
                self._open = _connect(self._server)
            except smtplib.SMTPResponseException as error:
                raise Unreachable(_said(error.smtp_code, error.smtp_error)) from error
            except (OSError, smtplib.SMTPException) as error:
                raise Unreachable(_reason(error)) from error
        return self._open

    def _drop(self) -> None:
        if self._open is not None:
            self._open.close()
            self._open = None


def _connect(server: Server) -> smtplib.SMTP:
    context = ssl.create_default_context() if server.tls or server.starttls else None
    smtp: smtplib.SMTP
    if server.tls:
        smtp = smtplib.SMTP_SSL(server.host, server.port, timeout=PATIENCE_SECONDS, context=context)
    else:
        smtp = smtplib.SMTP(server.host, server.port, timeout=PATIENCE_SECONDS)
    try:
        if server.starttls:
            smtp.starttls(context=context)
        if server.user:
            smtp.login(server.user, server.password)
    except BaseException:
        smtp.close()
        raise
    return smtp


def _judged(code: int, answer: bytes | str) -> Exception:
    return Refused(_said(code, answer)) if code in PERMANENT else Failed(_said(code, answer))


def _said(code: int, answer: bytes | str) -> str:
    text = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
    return _clean(f"{code} {text}")


def _reason(error: Exception) -> str:
    return _clean(f"{type(error).__name__}: {error}")


def _clean(text: str) -> str:
    return one_line(text)[:REASON_LENGTH]
