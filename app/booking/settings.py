"""The limits of this installation, as the rules want them."""

from datetime import timedelta

from flask import current_app

from app.booking.rules import Limits


def limits() -> Limits:
    """Hold, notice, horizon and deadlines from the settings (`docs/settings.md`)."""
    config = current_app.config
    return Limits(
        hold=timedelta(minutes=config["HOLD_MINUTES"]),
        holds_per_company=config["HOLDS_PER_COMPANY"],
        hold_again=timedelta(minutes=config["HOLD_AGAIN_MINUTES"]),
        notice_working_days=config["NOTICE_WORKING_DAYS"],
        horizon=timedelta(days=config["HORIZON_DAYS"]),
        cancel_deadline=timedelta(hours=config["CANCEL_DEADLINE_HOURS"]),
        proposal=timedelta(hours=config["PROPOSAL_HOURS"]),
    )
