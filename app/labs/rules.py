"""Pure rules of laboratories: which rules a lab may set, by kind, and which kinds of resources nobody books alone."""

# What a test needs beside its bench; only its lab sees it.
PEOPLE, INSTRUMENTS = "operator", "instrument"
SUPPORT = (PEOPLE, INSTRUMENTS)

# Minutes between the starts that a bench offers; counted from the start of its window.
GRAIN = "grain_minutes"
# Working days between asking and the earliest start; days ahead that can be booked.
NOTICE, HORIZON = "notice_working_days", "horizon_days"
# Hours that one use may keep the bench at most.
LONGEST = "longest_hours"
# Requests that wait and bookings that are to come, per company.
OPEN_REQUESTS = "open_requests"
# Hours of a contested pool that one company may take in a calendar week (Monday to Sunday).
WEEKLY_HOURS = "weekly_hours"
# Who is confirmed at once: ids of companies, or "all".
AT_ONCE = "confirmed_at_once"
ANY_COMPANY = "all"
# Hours before the start until which a company cancels by itself.
CANCEL_DEADLINE = "cancel_deadline_hours"
# {"count", "days", "blocked_days"}: so many no-shows within so many days, and nothing is booked for so long.
NO_SHOWS = "no_shows"
# {"days_before", "minute"}: a quarter's capacity is released so many days before it begins, at this local minute.
RELEASE = "quarter_release"

KINDS = (
    GRAIN, NOTICE, HORIZON, LONGEST, OPEN_REQUESTS, WEEKLY_HOURS, AT_ONCE, CANCEL_DEADLINE, NO_SHOWS, RELEASE,
)  # fmt: skip
