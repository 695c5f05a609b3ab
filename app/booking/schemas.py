"""What the API takes and gives for availability, offers and bookings. Times: ISO 8601 with offset."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field, StringConstraints

from app.api import PLAIN, Instant, ListQuery, Query, Version, WholeQuery, example, iso
from app.booking.availability import Availability
from app.booking.models import Booking, MoveProposal
from app.booking.move_rules import MoveCause
from app.booking.occupancy import footprint_of
from app.booking.offers import Offer
from app.booking.rules import NOTE_LENGTH, REASON_LENGTH, SAMPLE_LENGTH, State
from app.worktime import Interval

Name = Annotated[str, StringConstraints(min_length=1, max_length=64), PLAIN]
Note = Annotated[str, StringConstraints(max_length=NOTE_LENGTH), PLAIN]
Reason = Annotated[str, StringConstraints(max_length=REASON_LENGTH), PLAIN]
SampleText = Annotated[str, StringConstraints(max_length=SAMPLE_LENGTH), PLAIN]


class SpanModel(BaseModel):
    start: str
    end: str

    @classmethod
    def of(cls, span: Interval) -> "SpanModel":
        return cls(start=str(iso(span.start)), end=str(iso(span.end)))


class AvailabilityModel(BaseModel):
    """Working time, time with no place left, and time that can be booked; each sorted and merged."""

    working: list[SpanModel]
    busy: list[SpanModel]
    free: list[SpanModel]

    @classmethod
    def of(cls, found: Availability) -> "AvailabilityModel":
        return cls(
            working=[SpanModel.of(span) for span in found.working],
            busy=[SpanModel.of(span) for span in found.busy],
            free=[SpanModel.of(span) for span in found.free],
        )


class OfferModel(BaseModel):
    """A slot that can be booked now; `basis` says on what the report dates rest."""

    resource: str
    lab: str
    starts_at: str
    ends_at: str
    run_from: str
    run_until: str
    report_expected_at: str
    report_safe_at: str
    basis: Literal["history", "planning"]

    @classmethod
    def of(cls, offer: Offer) -> "OfferModel":
        use = offer.slot.use
        return cls(
            resource=offer.slot.bench.resource_id,
            lab=offer.slot.bench.lab_id,
            starts_at=str(iso(use.starts_at)),
            ends_at=str(iso(use.ends_at)),
            run_from=str(iso(use.run_from)),
            run_until=str(iso(use.run_until)),
            report_expected_at=str(iso(offer.report.expected_at)),
            report_safe_at=str(iso(offer.report.safe_at)),
            basis=offer.report.basis.value,
        )


class OfferList(BaseModel):
    items: list[OfferModel]


class ProposalModel(BaseModel):
    """Another time that the lab proposes; answer with accept-move or refuse-move."""

    resource: str
    starts_at: str
    ends_at: str
    run_from: str
    run_until: str
    reason: str
    move_cause: MoveCause | None
    expires_at: str

    @classmethod
    def of(cls, proposal: MoveProposal) -> "ProposalModel":
        return cls(
            resource=proposal.resource_id,
            starts_at=str(iso(proposal.starts_at)),
            ends_at=str(iso(proposal.ends_at)),
            run_from=str(iso(proposal.run_from)),
            run_until=str(iso(proposal.run_until)),
            reason=proposal.reason,
            move_cause=proposal.cause,
            expires_at=str(iso(proposal.expires_at)),
        )


class BookingModel(BaseModel):
    id: str
    code: str
    state: State
    version: int
    company: str | None
    lab: str
    resource: str
    resources: list[str] = Field(description="All resources that the use takes, its own first.")
    test: str
    starts_at: str
    ends_at: str
    run_from: str
    run_until: str
    hold_expires_at: str | None
    order: str | None
    sample: str
    note: str | None
    proposal: ProposalModel | None

    @classmethod
    def of(cls, booking: Booking, shows_company: bool, shows_order: bool) -> "BookingModel":
        """shows_company: False for the bench crew, who see code, method and sample. shows_order: False for a lab
        until the order is submitted.
        """
        return cls(
            id=booking.id,
            code=booking.code,
            state=booking.state,
            version=booking.version,
            company=booking.company_id if shows_company else None,
            lab=booking.lab_id,
            resource=booking.resource_id,
            resources=list(dict.fromkeys(resource_id for resource_id, _ in footprint_of(booking))),
            test=booking.test_id,
            starts_at=str(iso(booking.starts_at)),
            ends_at=str(iso(booking.ends_at)),
            run_from=str(iso(booking.run_from)),
            run_until=str(iso(booking.run_until)),
            hold_expires_at=iso(booking.hold_expires_at),
            order=booking.order_line.order_id if shows_order else None,
            sample=booking.sample,
            note=booking.note if shows_company else None,
            proposal=ProposalModel.of(booking.proposal) if booking.proposal else None,
        )


class BookingList(BaseModel):
    items: list[BookingModel]
    next: str | None


class EventModel(BaseModel):
    """One change, as the caller may see it; the actor is named by role only."""

    id: str
    at: str
    kind: str
    subject: str
    actor_role: str | None
    data: dict[str, str | None]


class EventList(BaseModel):
    items: list[EventModel]
    next: str | None


class ResourcePath(BaseModel):
    resource_id: str = Field(max_length=64)


class BookingPath(BaseModel):
    booking_id: str = Field(max_length=24)


class StepPath(BookingPath):
    step: Literal[
        "request",
        "approve",
        "confirm",
        "decline",
        "cancel",
        "move",
        "accept-move",
        "refuse-move",
        "start",
        "complete",
        "no-show",
    ]


class SpanQuery(Query):
    """`from` and `to`: dates or instants; a date is local midnight."""

    from_: str = Field(alias="from", max_length=40)
    to: str = Field(max_length=40)


class OfferQuery(WholeQuery):
    test: str = Field(max_length=60)
    earliest: str | None = Field(None, max_length=40)
    latest: str | None = Field(None, max_length=40)
    lab: str | None = Field(None, max_length=60)
    limit: int = Field(10, ge=1, le=100)


class BookingQuery(ListQuery):
    from_: str | None = Field(None, alias="from", max_length=40)
    to: str | None = Field(None, max_length=40)
    state: State | None = None
    lab: str | None = Field(None, max_length=60)


class EventQuery(Query):
    """`after`: the `next` of an answer before, which `cursor` may be called as in every list."""

    after: str | None = Field(None, max_length=24)
    cursor: str | None = Field(None, max_length=24)
    limit: int = Field(100, ge=1, le=200)

    @property
    def position(self) -> str | None:
        return self.after or self.cursor


class NewBooking(BaseModel):
    """`resource`: a unit, or a pool of which any unit is taken. `exclusive`: all places of a shared one; `shielded`:
    no other company on a neighbouring surface meanwhile. `order`: an order of yours, of which this is a line.
    """

    model_config = example(
        test="b-pack-thermalprop",
        resource="mne-abuse",
        starts_at="2026-12-08T08:30:00+08:00",
        state="held",
        sample="BP-12",
    )

    test: Name
    resource: Name
    starts_at: Instant
    state: Literal["held", "requested"] = "held"
    order: str | None = Field(None, max_length=24)
    sample: SampleText = ""
    note: Note = ""
    exclusive: bool = Field(False, strict=True)
    shielded: bool = Field(False, strict=True)


class Description(BaseModel):
    """`version`: as last seen. `sample` and `note` as they shall be."""

    model_config = example(version=1, sample="BP-12", note="")

    version: Version
    sample: SampleText
    note: Note = ""


class Step(BaseModel):
    """`version`: as last seen. `starts_at`, `resource` and `move_cause` (as figures count it) for move only."""

    model_config = example(version=3, reason="样件推迟")

    version: Version
    reason: Reason = ""
    starts_at: Instant | None = None
    resource: Name | None = None
    move_cause: MoveCause | None = None
