"""The ways of asking for a time that are compared."""

import enum

from app.errors import N_


class Policy(enum.StrEnum):
    """KNOWN: each company asks the one lab it knows; time that is freed is lost. ALL: it asks all capable labs and
    takes the first bench; freed time is lost. EARLIEST: it takes the time with the earliest expected report, and sees
    freed time. OFFERED: besides, freed time is offered to those whose report it brings forward most.
    """

    KNOWN = "known"
    ALL = "all"
    EARLIEST = "earliest"
    OFFERED = "offered"

    @property
    def asks_all(self) -> bool:
        return self is not Policy.KNOWN

    @property
    def by_report(self) -> bool:
        return self in (Policy.EARLIEST, Policy.OFFERED)

    @property
    def keeps_freed(self) -> bool:
        """Whether freed time can be had again."""
        return self.by_report

    @property
    def label(self) -> str:
        """The msgid that people read."""
        return LABELS[self]

    @property
    def letter(self) -> str:
        return {"known": "a", "all": "a′", "earliest": "b", "offered": "c"}[self.value]


LABELS = {
    Policy.KNOWN: N_("只问熟悉的一家"),
    Policy.ALL: N_("各家都问，先到先得"),
    Policy.EARLIEST: N_("按最早报告日期选"),
    Policy.OFFERED: N_("再把空出的时间给获益最多的"),
}
