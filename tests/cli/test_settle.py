"""In the live view a doubt shows once it has lasted, and goes once it has been gone for as long."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pytest
from readings import expression, face, reading

from mien.cli import show
from mien.cli.settle import Settler
from mien.types import Expression, Reading

HAPPY, SAD = (expression({name: 0.8, "neutral": 0.2}) for name in ("happy", "sad"))
UNSURE = expression({"happy": 0.8, "neutral": 0.2}, sure=False, doubts=("blurred",))


def at(time_s: float, *read: Expression | None) -> Reading:
    faces = [replace(face(60 * place, read=one), track_id=place + 1) for place, one in enumerate(read)]
    return reading(*faces, time_s=time_s)


def shown(read: Sequence[Expression], *, step_s: float = 0.1, since_s: float = 0.0) -> list[Expression | None]:
    settler = Settler()
    return [settler.settle(at(since_s + n * step_s, one)).faces[0].expression for n, one in enumerate(read)]


def test_a_blink_is_not_shown() -> None:
    assert shown([HAPPY] * 5 + [UNSURE] * 5 + [HAPPY] * 5) == [HAPPY] * 15
    assert shown([UNSURE] * 5 + [HAPPY] * 5 + [UNSURE] * 5) == [UNSURE] * 15


@pytest.mark.parametrize(("before", "after"), [(HAPPY, UNSURE), (UNSURE, HAPPY)])
def test_what_lasts_is_shown_after_six_tenths_of_a_second(before: Expression, after: Expression) -> None:
    assert shown([before] * 5 + [after] * 10, since_s=7.03) == [before] * 11 + [after] * 4


def test_a_word_follows_a_word_at_once_and_new_numbers_come_at_once() -> None:
    surer = replace(HAPPY, confidence=0.99)
    assert shown([HAPPY, surer, SAD, HAPPY]) == [HAPPY, surer, SAD, HAPPY]


def test_doubt_on_the_way_to_another_word_is_passed_over() -> None:
    assert shown([HAPPY] * 3 + [UNSURE] * 4 + [SAD] * 3) == [HAPPY] * 7 + [SAD] * 3


def test_after_a_break_or_a_seek_nothing_of_before_is_shown() -> None:
    assert shown([HAPPY, UNSURE], step_s=1.0) == [HAPPY, UNSURE]
    settler = Settler()
    settler.settle(at(9.0, HAPPY))
    assert settler.settle(at(1.0, UNSURE)).faces[0].expression == UNSURE


def test_people_are_apart_and_who_has_no_number_or_was_not_read_is_as_read() -> None:
    settler = Settler()
    settler.settle(at(0.0, HAPPY, UNSURE))
    both = settler.settle(at(0.1, UNSURE, UNSURE))
    assert [one.expression for one in both.faces] == [HAPPY, UNSURE]
    unread = reading(face(), face(60, read=UNSURE), time_s=0.2)
    assert settler.settle(unread) == unread


@dataclass
class Camera:
    """What a `Display` asks of a source."""

    name: str = "camera"
    is_stream: bool = True
    is_live: bool = True


@pytest.mark.parametrize(("until_s", "is_unsure"), [(0.3, False), (0.7, True)])
def test_the_live_view_shows_what_is_settled(
    until_s: float, is_unsure: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(show.Terminal, "is_terminal", True)
    with show.Display(Camera(), quiet=False, is_stdout_taken=False) as display:  # type: ignore[arg-type]
        display.show(at(0.0, HAPPY))
        display.show(at(0.05, UNSURE))
        display.show(at(0.05 + until_s, UNSURE))
    last = capsys.readouterr().err.rpartition("Ctrl-C ends")[2]
    assert ("not sure" in last) == is_unsure
    assert ("looks happy" in last) != is_unsure
