"""Where points, lines and names of the leaderboard's figures stand."""

from datetime import date, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analysis.leaderboard import past
from analysis.leaderboard.figures import (
    BOTTOM,
    HEIGHT,
    LEFT,
    RIGHT,
    TOP,
    WIDTH,
    Mark,
    Reach,
    decades,
    scatter,
    steps,
)

NUMBER = st.floats(0.001, 10_000)
SCORE = st.floats(-3000, 5000)


TOGETHER = st.tuples(st.lists(SCORE, min_size=3, max_size=3), st.lists(NUMBER, min_size=3, max_size=3))


@given(st.lists(TOGETHER, min_size=2, max_size=12))
@settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow])
def test_everything_stands_within_the_drawing_and_no_name_covers_another(values):
    drawn = scatter(
        [
            Mark(f"model {number}", "", Reach(*sorted(scores)), Reach(*sorted(amounts)))
            for number, (scores, amounts) in enumerate(values)
        ]
    )
    assert drawn is not None
    boxes = []
    for point in drawn.points:
        assert LEFT <= float(point.left) <= float(point.x) <= float(point.right) <= WIDTH - RIGHT
        assert TOP <= float(point.top) <= float(point.y) <= float(point.bottom) <= HEIGHT - BOTTOM
        if point.name:
            width = 5.9 * len(point.name.text)
            left = float(point.name.x) - (width if point.name.anchor == "end" else 0)
            boxes.append((left, float(point.name.y)))
            assert left >= LEFT - 0.1
            assert left + width <= WIDTH + 0.1
    for number, (left, base) in enumerate(boxes):
        for other, above in boxes[:number]:
            assert abs(left - other) > 5 or abs(base - above) >= 11.8
    assert len(drawn.x_ticks) <= 6


def test_one_model_alone_is_no_figure():
    assert scatter([Mark("a", "", Reach(1, 2, 3), Reach(1, 1, 1))]) is None


@given(NUMBER, st.floats(1.5, 1e6))
def test_ticks_are_round_and_within_the_axis(low, factor):
    found = decades(low, low * factor)
    assert 2 <= len(found) <= 6
    assert all(low * (1 - 1e-6) <= value <= low * factor * (1 + 1e-6) for value in found)
    straight = steps(low, low * factor)
    assert 2 <= len(straight) <= 9
    assert all(low * (1 - 1e-6) <= value <= low * factor * (1 + 1e-6) for value in straight)


def test_lines_run_through_the_days_of_a_model_and_names_at_their_ends_stand_apart():
    first = date(2026, 1, 1)
    row = {"score": 1000.0, "low": 990.0, "high": 1010.0}
    days = [
        (first + timedelta(days=number), {"a": row, "b": row} if number > 1 else {"a": row})
        for number in range(900)
    ]
    chart = past.chart(days, {"a": "A", "b": "B", "gone": "Gone"})
    assert chart is not None
    a, b = chart.lines
    assert (len(a.line.split()), len(b.line.split())) == (180, 180)
    assert a.line.split()[-1].startswith("556.0,")
    assert len(a.band.split()) == 2 * len(a.line.split())
    assert abs(float(a.name_at) - float(b.name_at)) >= past.APART
    assert len(chart.dates) <= 6
    assert past.chart(days[:1], {"a": "A"}) is None
