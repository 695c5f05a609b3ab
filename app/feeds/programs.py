"""Which calendar program asks, by what it says of itself. Pure."""

from collections.abc import Mapping

# A word of the User-Agent header that only this program writes. Apple's phones and computers have each their own.
WORDS: Mapping[str, str] = {
    "Google-Calendar-Importer": "Google",
    "CalendarAgent": "Apple",
    "dataaccessd": "Apple",
    "Microsoft Outlook": "Outlook",
    "Microsoft.Exchange": "Outlook",
    "Thunderbird": "Thunderbird",
    "Evolution": "Evolution",
    "ICSx5": "ICSx⁵",
}


def program(user_agent: str) -> str | None:
    """The name of the program as people know it; None for others, and for browsers."""
    return next((name for word, name in WORDS.items() if word.lower() in user_agent.lower()), None)
