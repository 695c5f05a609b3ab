"""What commands share: how a refusal is told at a terminal, and with which code a command ends then."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click

from app.errors import YujianError
from app.language import refusal_in_both

REFUSED = 3


@contextmanager
def refusals() -> Iterator[None]:
    """A refusal ends the command with REFUSED and says why on standard error, in Chinese and English."""
    try:
        yield
    except YujianError as error:
        click.echo(refusal_in_both(error), err=True)
        sys.exit(REFUSED)
