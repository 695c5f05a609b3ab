"""Pages of turnaround."""

from datetime import timedelta

from flask import Flask

from app.booking.forecast import EXTENSION
from app.turnaround.forecast import Forecast


def init_app(app: Flask) -> None:
    """Hand the forecast to the room of offers, which lies above this one."""
    app.extensions[EXTENSION] = Forecast(timedelta(minutes=app.config["FORECAST_MINUTES"]))
