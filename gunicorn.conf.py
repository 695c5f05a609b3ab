"""The server: one process with threads, as SQLite wants it, and the scheduler inside.

`python gunicorn.conf.py` only says whether the port is free.
"""

import json
import os
import signal
import socket
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gunicorn.arbiter import Arbiter
    from gunicorn.workers.base import Worker

HOST = "127.0.0.1"
PORT = os.environ.get("PORT") or "8000"

bind = f"{HOST}:{PORT}"
wsgi_app = "app:create_app()"
workers = 1
worker_class = "gthread"
threads = 8
timeout = 60
graceful_timeout = 10
# The app writes its own structured line per request.
accesslog = None
loglevel = "warning"
# It would be opened under HOME, which a service account may not have.
control_socket_disable = True


def post_worker_init(worker: "Worker") -> None:
    """The app is loaded: only now the scheduler; at import a due job could keep the server from coming up."""
    from app.cores import one, stay_on
    from app.jobs import scheduler

    stay_on(one(worker.age))
    scheduler.start(worker.wsgi)
    if worker.age == 1:
        sys.stdout.write(_greeting())
        sys.stdout.flush()


def worker_exit(_server: "Arbiter", _worker: "Worker") -> None:
    """Let the scheduler give up its lead in peace: Ctrl-C reaches the worker twice, from terminal and arbiter."""
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)


def _greeting() -> str:
    from app.config import instance_folder

    lines = ["", f"渝检已启动 Yujian is running: http://{HOST}:{PORT}"]
    accounts = instance_folder() / "demo-accounts.json"
    if accounts.is_file():
        lines.append(f"示例账号 Demo accounts ({accounts}):")
        for account in json.loads(accounts.read_text(encoding="utf-8")):
            lines.append(f"  {account['email']:<40} {account['password']:<20} {account['role']}")
    else:
        lines.append("新建账号 Create an account: .venv/bin/flask --app app user create --help")
    lines += ["按 Ctrl-C 停止 Press Ctrl-C to stop", ""]
    return "\n".join(lines)


def _obstacle() -> str | None:
    """Why the port can't be used, None when it can."""
    if not PORT.isdecimal() or not 0 < int(PORT) < 65536:
        return f"PORT 须为 1 至 65535 的整数，现为：{PORT}\nPORT must be a number from 1 to 65535, it is: {PORT}"
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, int(PORT)))
        except OSError as error:
            return (
                f"端口 {PORT} 无法使用（{error.strerror}），请换一个：make run PORT=8001\n"
                f"Port {PORT} can't be used ({error.strerror}); choose another: make run PORT=8001"
            )
    return None


if __name__ == "__main__":
    raise SystemExit(_obstacle())
