"""What `make run` does once everything is installed: prepare the instance, then serve it.

One process, because loading the application is most of the time of a start: the worker that gunicorn forks
finds the modules loaded. In production `flask db upgrade` and `gunicorn -c gunicorn.conf.py` are run on their own.
"""

import os
import sys

from flask import Flask
from flask.cli import ScriptInfo
from gunicorn.app.wsgiapp import run

from app import create_app
from app.database import db

PREPARE = [["db", "upgrade"], ["catalogue", "load", "app/labs/catalogue"]]
DEMO = [["demo"]]


def main() -> None:
    application = create_app()
    for command in PREPARE + DEMO * (os.environ.get("DEMO", "1") != "0"):
        _flask(application, command)
    with application.app_context():
        # A connection must not be carried over into the worker.
        db.engine.dispose()
    sys.argv = ["gunicorn", "-c", "gunicorn.conf.py"]
    run()


def _flask(application: Flask, command: list[str]) -> None:
    """As `flask --app app COMMAND`; exits with its code if that isn't 0."""
    try:
        application.cli.main(command, prog_name="flask", obj=ScriptInfo(create_app=lambda: application))
    except SystemExit as end:
        if end.code:
            raise


main()
