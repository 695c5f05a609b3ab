"""What `make run` does once everything is installed: prepare the instance, then serve it.

One process, because loading the application is most of the time of a start: the worker that gunicorn forks
finds the modules loaded. In production `flask db upgrade` and `gunicorn -c gunicorn.conf.py` are run on their own.
"""

import gc
import os
import sys

PREPARE = [["db", "upgrade"], ["catalogue", "load", "app/labs/catalogue"]]
DEMO = [["demo"]]


def main() -> None:
    # Looking for garbage among what is only being loaded costs a sixth of the start.
    gc.disable()
    prepare(PREPARE + DEMO * (os.environ.get("DEMO", "1") != "0"))
    gc.freeze()
    gc.enable()
    from gunicorn.app.wsgiapp import run

    sys.argv = ["gunicorn", "-c", "gunicorn.conf.py"]
    run()


def prepare(commands: list[list[str]]) -> None:
    """Each as `flask --app app COMMAND`; exits with the code of the first that isn't 0."""
    from flask.cli import ScriptInfo

    from app import create_app
    from app.database import db

    application = create_app()
    for command in commands:
        try:
            application.cli.main(command, prog_name="flask", obj=ScriptInfo(create_app=lambda: application))
        except SystemExit as end:
            if end.code:
                raise
    with application.app_context():
        # A connection must not be carried over into the worker.
        db.engine.dispose()


main()
