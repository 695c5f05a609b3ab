"""What the filters offer, and what of the asked ones isn't there."""

from dataclasses import dataclass, replace

from app.accounts.policy import Viewer
from app.errors import N_, Invalid
from app.labs import browse
from app.labs.queries import test_of
from app.schedule import board, queries
from app.schedule.catalogue import Catalogue, Choice
from app.schedule.forms import ALL_LABS, Asked


@dataclass(frozen=True, slots=True)
class Choices:
    """Options of the three filters. narrowed: whether `tests` holds all that the shown benches can run."""

    labs: tuple[Choice, ...]
    kinds: tuple[Choice, ...]
    tests: tuple[Choice, ...]
    narrowed: bool


def choices(viewer: Viewer, asked: Asked, catalogue: Catalogue) -> tuple[Choices, Asked]:
    """The options, and the filters without unknown ids, each of which leaves a remark.

    The catalogue's 449 tests are listed once a lab or a kind is chosen: all of them would double the page.
    """
    labs = catalogue.labs
    if asked.lab not in {"", ALL_LABS, *(lab.id for lab in labs)}:
        asked = _without(asked, Invalid(N_("没有这个实验室，已显示全部。"), field="lab"), lab=ALL_LABS)
    shown = board.labs_asked(viewer, asked)
    kinds = catalogue.kinds(shown, viewer.lab_ids)
    if asked.kind and asked.kind not in {kind.id for kind in kinds}:
        known = browse.kind(asked.kind)
        if known:
            kinds = (*kinds, Choice(known.id, known.name_zh, known.name_en))
        else:
            asked = _without(asked, Invalid(N_("没有这个资源类型，已显示全部。"), field="kind"), kind="")
    narrowed = shown is not None or bool(asked.kind)
    tests = queries.test_choices(shown, asked.kind) if narrowed else []
    if asked.test and asked.test not in {test.id for test in tests}:
        test = test_of(asked.test)
        if test:
            tests.append(Choice(test.id, test.name_zh, test.name_en, test.method.code))
        else:
            asked = _without(asked, Invalid(N_("没有这个检测项目，已显示全部。"), field="test"), test="")
    return Choices(labs, kinds, tuple(tests), narrowed), asked


def _without(asked: Asked, remark: Invalid, **changes: str) -> Asked:
    return replace(asked, remarks=(*asked.remarks, remark), **changes)  # type: ignore[arg-type]  # only texts are changed
