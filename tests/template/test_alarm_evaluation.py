"""The evaluation of alarms, by the tables of AWS's documentation."""

from __future__ import annotations

import pytest

from tests.support.alarms import Reader, Sample, Series, State, judged, series_of
from tests.support.entries import Json

OK, ALARM, UNKNOWN, KEPT = State.OK, State.ALARM, State.INSUFFICIENT_DATA, None
TREATMENTS = ("missing", "ignore", "breaching", "notBreaching")
# Points, oldest first: 0 does not breach, X breaches, - is missing. Then the state by TREATMENTS.
THREE_OF_THREE = {
    "0-X-X": (OK, OK, OK, OK),
    "0----": (OK, OK, OK, OK),
    "-----": (UNKNOWN, KEPT, ALARM, OK),
    "0XX-X": (ALARM, ALARM, ALARM, ALARM),
    "--X--": (ALARM, KEPT, ALARM, OK),
}
TWO_OF_THREE = {
    "0-X-X": (ALARM, ALARM, ALARM, ALARM),
    "00X0X": (ALARM, ALARM, ALARM, ALARM),
    "0-X--": (OK, OK, ALARM, OK),
    "----0": (OK, OK, ALARM, OK),
    "---X-": (ALARM, KEPT, ALARM, OK),
}


@pytest.mark.parametrize("current", [OK, ALARM])
@pytest.mark.parametrize(("table", "to_alarm"), [(THREE_OF_THREE, 3), (TWO_OF_THREE, 2)])
def test_the_tables_of_the_documentation(
    table: dict[str, tuple[State | None, ...]], to_alarm: int, current: State
) -> None:
    for text, states in table.items():
        points = [{"0": False, "X": True, "-": None}[each] for each in text]
        found = [judged(points, 3, to_alarm, missing, current) for missing in TREATMENTS]
        assert found == [current if state is KEPT else state for state in states], text


@pytest.mark.parametrize("text", ["----X", "---X-"])
def test_a_breach_that_is_too_young_is_waited_for(text: str) -> None:
    points = [{"X": True, "-": None}[each] for each in text]
    assert judged(points, 3, 3, "missing", UNKNOWN) == UNKNOWN


def alarm(**more: object) -> Json:
    usual: Json = {
        "Namespace": "N",
        "MetricName": "m",
        "Dimensions": [{"Name": "service", "Value": "verify"}],
        "Statistic": "Sum",
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": 0,
        "ComparisonOperator": "GreaterThanThreshold",
        "TreatMissingData": "notBreaching",
    }
    return usual | more


def state_at(alarm: Json, samples: list[Sample], now: float) -> State:
    return Reader(alarm, samples).state_at(now)


def sample(at: float, value: float = 1, namespace: str = "N", service: str = "verify") -> Sample:
    return Sample(Series(namespace, "m", frozenset({("service", service)})), at, value)


def test_a_metric_is_its_namespace_its_name_and_its_dimensions() -> None:
    series = series_of(alarm())
    assert series == sample(0).series
    assert series != sample(0, namespace="N2").series
    assert series != sample(0, service="archive").series
    assert series_of(alarm(Dimensions=[])) != series


def test_the_first_state_is_a_change_too_and_nothing_else_is_told_twice() -> None:
    found = Reader(alarm(), [sample(100)]).changes(600, every=60)
    assert list(found) == [(60, OK), (120, ALARM), (300, OK)]


def test_a_breach_lasts_until_it_leaves_the_evaluation_range() -> None:
    """A single breach among silence is the only point there is, for as long as CloudWatch looks back."""
    assert [state_at(alarm(), [sample(0)], now) for now in (0, 1, 60, 180, 181)] == [
        OK,
        ALARM,
        ALARM,
        ALARM,
        OK,
    ]


def test_an_alarm_that_looks_back_over_more_than_a_day_is_evaluated_at_each_full_hour() -> None:
    samples = [sample(100)]
    assert next(Reader(alarm(EvaluationPeriods=1, Period=86_400), samples).changes(7200, since=60)) == (
        360,
        ALARM,
    )
    long = alarm(EvaluationPeriods=25, DatapointsToAlarm=1, Period=3600)
    assert next(Reader(long, samples).changes(7200, since=60)) == (3600, ALARM)


@pytest.mark.parametrize(
    ("statistic", "threshold", "state"),
    [("Sum", 3, OK), ("Sum", 2, ALARM), ("Maximum", 2, OK), ("SampleCount", 1, ALARM), ("Average", 1, ALARM)],
)
def test_a_period_is_one_number(statistic: str, threshold: float, state: State) -> None:
    samples = [sample(10, 1), sample(20, 2)]
    assert state_at(alarm(Statistic=statistic, Threshold=threshold), samples, 60) == state


@pytest.mark.parametrize(
    "unknown", [alarm(ExtendedStatistic="p99"), alarm(Metrics=[{"Id": "m", "Expression": "FILL(a, 0)"}])]
)
def test_what_is_not_known_here_is_not_passed_over(unknown: Json) -> None:
    with pytest.raises(NotImplementedError, match=r"ExtendedStatistic|Metrics"):
        state_at(unknown, [], 0)
