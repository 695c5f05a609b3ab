"""Inside the lab everybody hears when a report waits for him, and its drafter when it comes back."""

from app.booking.desk_models import Deputy
from app.database import transaction
from tests.testing.report_story import Story
from tests.world import Person, World


def about_reports(told, person: Person) -> list[str]:
    """What each notice of a report's steps says first; that a test is over and a report follows is none."""
    return [text.partition("：")[0] for text in told(person) if "报告" in text and "接下来出报告" not in text]


def test_whoever_is_next_hears_of_it(world: World, told) -> None:
    story = Story(world)
    story.gives_rights()
    deputy = world.lab_admin("lab")
    with transaction() as session:
        day = world.now.date()
        head, stands_in = str(story.head.viewer.user_id), str(deputy.viewer.user_id)
        row = Deputy(lab_id="lab", user_id=head, deputy_id=stands_in, first=day, last=day)
        row.named_by_id, row.named_at = head, world.now
        session.add(row)
    report = story.drafts()
    assert about_reports(told, story.crew) == ["报告等您审核"]
    assert [about_reports(told, each) for each in (story.desk, story.head, story.idle, deputy)] == [[], [], [], []]
    report = story.does("return", report, by=story.crew, reason="缺照片")
    # Before anybody read the log it was drafted again: nobody is sent to what no longer waits.
    report = story.drafts()
    assert about_reports(told, story.desk) == []
    story.does("return", report, by=story.crew, reason="还缺")
    assert about_reports(told, story.desk) == ["您编制的报告被退回，请改好再传"]
    assert not any("缺" in text for text in told(story.desk))
    report = story.does("review", story.drafts(), by=story.crew)
    assert about_reports(told, story.head) == about_reports(told, deputy) == ["报告已审核，等您批准"]
    story.does("approve", report, by=deputy)
    assert "您编制的报告已批准，可以签发" in about_reports(told, story.desk)
    # Nobody outside the lab, and nobody without a right, hears of it.
    assert about_reports(told, story.engineer) == about_reports(told, story.rival) == []
    assert told(story.idle) == []


def test_who_drafted_is_not_asked_to_approve_where_the_lab_wants_different_people(world: World, told) -> None:
    story = Story(world)
    # No right was given to anybody: the order desk does it, and the lab asks for nothing more.
    report = story.drafts()
    assert about_reports(told, story.head) == ["报告等您审核"] and about_reports(told, story.crew) == []
    story.does("review", report, by=story.head)
    assert about_reports(told, story.desk) == ["报告已审核，等您批准"]
    story.gives_rights()
    story.booking = story.tested(12)
    report = story.drafts(by=story.head)
    story.does("review", report, by=story.crew)
    assert about_reports(told, story.head) == ["报告等您审核"]
