"""What the form of a new booking shows before anything is stored."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from app.accounts.policy import Viewer
from app.booking import offers, reading
from app.booking.availability import Wish
from app.booking.choices import Choice, choices
from app.booking.forms import BookingForm
from app.booking.models import Booking
from app.booking.pages import Drawn, bench_use
from app.booking.preview import Preview, next_offers, preview
from app.booking.rules import Limits, NotCapable, SlotTaken
from app.booking.settings import limits_of
from app.booking.sharing import Week
from app.errors import NotFound, YujianError
from app.labs import queries as labs
from app.labs.models import Lab, Resource, Test
from app.labs.queries import Bench, CapableBench, bench_of, capable_benches
from app.orders.queries import visible_order
from app.samples import condition_words, conditions

NEXT_STARTS = 5


@dataclass
class Draft:
    """The form's surroundings; what isn't known yet is empty.

    tests: to choose from while only the bench is known. preview, use: of the time that was asked for.
    taken: the nearest free offers when that time is lost; own: the viewer's own booking in its way.
    limit: what holds on the bench. next: free starts to choose from. wanted: what the lab needs of the samples, in
    words.
    """

    test: Test | None = None
    units: list[Resource] = field(default_factory=list)
    tests: list[Test] = field(default_factory=list)
    evidence: str | None = None
    preview: Preview | None = None
    use: Drawn | None = None
    taken: list[Choice] = field(default_factory=list)
    own: Booking | None = None
    limit: Limits | None = None
    next: list[Choice] = field(default_factory=list)
    wanted: list[str] = field(default_factory=list)

    @property
    def resource(self) -> Resource | None:
        """The bench, or the first of the pool."""
        return self.units[0] if self.units else None

    @property
    def bench(self) -> Bench:
        """The bench as availability sees it; only where there is one."""
        return bench_of(self.units[0], self.units[0].lab)

    @property
    def lab(self) -> Lab | None:
        return self.units[0].lab if self.units else None

    @property
    def shares(self) -> Sequence[Week]:
        """What the company has of the pool in the weeks of the time asked for."""
        return self.preview.shares if self.preview else ()

    @property
    def low_confidence(self) -> bool:
        return bool(self.lab and self.lab.low_confidence)


def draft(viewer: Viewer, form: BookingForm, now: datetime, limits: Limits) -> Draft:
    """What can be said from the fields that are filled. Raises NotFound for an unknown test or bench.

    A refusal of the asked time is put at its field.
    """
    found = Draft(test=_test(form.test.data), units=_units(form.resource.data))
    if found.test is None:
        found.tests = labs.tests_on(found.units[0].pool) if found.units else []
        return found
    if not found.units:
        best = offers.best_of_each_bench([found.test.id], now, limits, wish=form.wish(viewer)).offers
        if form.order.data:
            lab_id = visible_order(viewer, form.order.data).order.lab_id
            best = [offer for offer in best if offer.slot.bench.lab_id == lab_id]
        found.next = choices(best[:NEXT_STARTS], None, None)
        return found
    capable = _capable(found, viewer.company_id)
    if not capable:
        form.refuse(NotCapable())
        return found
    known = labs.capability(found.units[0].pool, found.test.id)
    found.evidence = known.mark if known else None
    demand = conditions.demands(found.units[0].lab_id, [found.test.id]).get(found.test.id)
    found.wanted = condition_words.needs(demand.demand) if demand else []
    form.needs_acknowledgement = found.low_confidence
    found.limit = limits_of(capable[0].bench, limits)
    _look_at_time(found, capable, form, now, limits, form.wish(viewer))
    if found.preview is None:
        _look_for_times(found, capable, form, now, limits, form.wish(viewer))
    elif found.preview.refusal or not found.preview.free:
        lose(viewer, found, form, now, limits)
    return found


def lose(
    viewer: Viewer, found: Draft, form: BookingForm, now: datetime, limits: Limits, error: SlotTaken | None = None
) -> None:
    """The asked time can't be had: what is nearest instead, and whether the viewer's own booking is in its way."""
    asked = found.preview
    if asked is None or found.test is None or found.lab is None:
        return
    if error:
        nearest = error.offers
    else:
        start, wish = asked.use.starts_at, form.wish(viewer)
        nearest = offers.nearest(found.test.id, start, now, limits, found.lab.id, wish=wish)
    found.taken = choices(nearest, asked.capable.bench.resource_id, asked.report)
    found.own = reading.own_at(viewer, form.resource.data or "", asked.use.interval)


def _test(test_id: str | None) -> Test | None:
    if not test_id:
        return None
    test = labs.test_of(test_id)
    if test is None:
        raise NotFound()
    return test


def _units(resource: str | None) -> list[Resource]:
    if not resource:
        return []
    units = labs.units_of(resource)
    if not units:
        raise NotFound()
    return units


def _capable(found: Draft, company_id: str | None) -> list[CapableBench]:
    assert found.test is not None and found.lab is not None
    ids = {unit.id for unit in found.units}
    capable = capable_benches([found.test.id], found.lab.id, company_id)
    return [c for c in capable if c.bench.resource_id in ids]


def _look_at_time(
    found: Draft, capable: list[CapableBench], form: BookingForm, now: datetime, limits: Limits, wish: Wish
) -> None:
    if form.starts_at.data is None or found.test is None:
        return
    try:
        found.preview = preview(capable, form.starts_at.data, now, limits, wish)
    except YujianError as error:
        form.refuse(error)
        return
    if found.preview.refusal:
        form.refuse(found.preview.refusal)
    found.use = bench_use(found.preview.use, found.preview.capable)


def _look_for_times(
    found: Draft, capable: list[CapableBench], form: BookingForm, now: datetime, limits: Limits, wish: Wish
) -> None:
    try:
        following = next_offers(capable, now, limits, NEXT_STARTS, form.starts_at.data, wish)
    except YujianError as error:
        form.refuse(error)
        return
    found.next = choices(following, found.units[0].id, None)
