"""Times become columns: nothing overlaps, nothing that the viewer knows is lost, what touches stays joined."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.schedule import lanes
from app.schedule.lanes import Kind, Mark, Seen, Window
from app.timeline import Axis
from app.worktime import Interval, merge, subtract

MONDAY = datetime(2026, 11, 2, tzinfo=UTC)
AXIS = Axis(MONDAY, MONDAY + timedelta(days=14), 84)
DAYS = [Interval(MONDAY + timedelta(days=n), MONDAY + timedelta(days=n + 1)) for n in range(14)]


def hours(start: float, end: float) -> Interval:
    return Interval(MONDAY + timedelta(hours=start), MONDAY + timedelta(hours=end))


def seen(start: float, end: float, booking: str = "b", place: int = 1) -> Seen:
    return Seen("bench", place, hours(start, end), booking_id=booking)


def drawn(marks: list[Mark]) -> list[tuple[str, int, int]]:
    return [(mark.kind.name, *mark.cells) for mark in marks]


@st.composite
def times(draw: st.DrawFn) -> list[Interval]:
    """Spans that follow each other, in minutes, some far shorter than a column."""
    edges = sorted(draw(st.sets(st.integers(-600, 14 * 1440 + 600), max_size=40)))
    return [hours(one / 60, other / 60) for one, other in zip(edges[::2], edges[1::2], strict=False)]


def test_a_booking_shorter_than_a_column_still_gets_one() -> None:
    (lane,) = lanes.single(AXIS, [hours(9, 10)], [seen(9, 10)], [])
    assert drawn(lane.marks) == [("SEEN", 3, 1)]


def test_two_that_follow_each_other_touch_and_do_not_overlap() -> None:
    (lane,) = lanes.single(AXIS, [hours(8, 18)], [seen(8, 12.5, "one"), seen(12.5, 18, "two")], [])
    assert drawn(lane.marks) == [("SEEN", 3, 1), ("SEEN", 4, 2)]


def test_several_short_ones_in_a_column_share_it() -> None:
    (lane,) = lanes.single(AXIS, [hours(8, 9.5)], [seen(8, 8.5, "one"), seen(9, 9.5, "two")], [])
    assert [(mark.cells, [item.booking_id for item in mark.seen]) for mark in lane.marks] == [((3, 1), ["one", "two"])]


def test_time_of_others_before_and_behind_ones_own_is_grey() -> None:
    (lane,) = lanes.single(AXIS, [hours(0, 24)], [seen(8, 16)], [])
    assert drawn(lane.marks) == [("BUSY", 1, 2), ("SEEN", 3, 2), ("BUSY", 5, 2)]


def test_what_begins_before_the_page_and_ends_behind_it_is_cut() -> None:
    (lane,) = lanes.single(AXIS, [hours(-100, 1000)], [], [])
    assert drawn(lane.marks) == [("BUSY", 1, 84)]


def test_own_uses_of_a_shared_bench_stand_below_in_as_few_lanes_as_overlap() -> None:
    own = [seen(8, 40, "one"), seen(20, 60, "two"), seen(44, 70, "three")]
    first, *below = lanes.shared(AXIS, [], own, [])
    assert first.marks == []
    assert [[mark.seen[0].booking_id for mark in lane.marks] for lane in below] == [["one", "three"], ["two"]]


def test_the_lab_sees_places_up_to_the_first_unused_one() -> None:
    def none(_taken: object) -> list[Window]:
        return []

    found = lanes.places(AXIS, 8, [seen(8, 16, "one"), seen(8, 16, "two", place=2)], none)
    assert [(lane.place, len(lane.marks)) for lane in found] == [(1, 1), (2, 1), (3, 0)]
    assert len(lanes.places(AXIS, 1, [seen(8, 16)], none)) == 1


def test_the_free_time_of_each_place_stands_in_its_lane() -> None:
    def day(taken: Sequence[Interval]) -> list[Window]:
        return [Window(0, piece, piece.start) for piece in subtract([hours(0, 24)], taken)]

    one, two = lanes.places(AXIS, 8, [seen(8, 16, "one")], day)
    assert drawn(one.marks) == [("FREE", 1, 2), ("SEEN", 3, 2), ("FREE", 5, 2)]
    assert drawn(two.marks) == [("FREE", 1, 6)]


@given(busy=times(), own=times(), free=times())
def test_marks_never_overlap_and_nothing_known_is_lost(
    busy: list[Interval], own: list[Interval], free: list[Interval]
) -> None:
    mine = [Seen("bench", 1, span, booking_id=str(index)) for index, span in enumerate(own)]
    taken = merge(busy + own)
    windows = [Window(0, span, span.start) for span in subtract(free, taken)]
    (lane,) = lanes.single(AXIS, taken, mine, windows)
    columns = [set(range(mark.cells.c, mark.cells.c + mark.cells.s)) for mark in lane.marks]
    assert all(cells and cells <= set(range(1, 85)) for cells in columns)
    assert sum(map(len, columns)) == len(set().union(*columns))
    shown = [item.booking_id for mark in lane.marks for item in mark.seen]
    assert shown == [item.booking_id for item in mine if item.when.overlaps(Interval(AXIS.start, AXIS.end))]
    assert all(bool(mark.seen) == (mark.kind is Kind.SEEN) for mark in lane.marks)


@given(spans=times())
def test_cut_at_midnight_nothing_is_lost_or_added(spans: list[Interval]) -> None:
    pieces = list(lanes.by_day(spans, DAYS))
    assert all(DAYS[index].start <= piece.start < piece.end <= DAYS[index].end for index, piece in pieces)
    page = Interval(DAYS[0].start, DAYS[-1].end)
    assert merge(piece for _, piece in pieces) == merge(
        Interval(max(span.start, page.start), min(span.end, page.end)) for span in spans if span.overlaps(page)
    )
