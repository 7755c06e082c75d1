"""What a report computes beside the evaluation: coverage, areas, intervals, confusions; and evaluations read back."""

import json

import numpy as np
import pytest

from livefg.errors import LivefgError
from tests.training.report.reports import (
    LABELS,
    bare_report,
    full_report,
    some_evaluation,
    some_hands,
    some_logits,
)
from training.calibration import risk_coverage
from training.evaluation import RocPoint
from training.report import Curve, read_evaluation
from training.report.gestures import data_of
from training.report.markup import interval, percent
from training.report.plots import area_under
from training.report.sections import confusions


def test_coverage_goes_from_all_answers_to_the_surest_and_keeps_equally_sure_ones_together():
    confidence, correct = np.array([0.9, 0.5, 0.7, 0.7]), np.array([True, False, True, False])
    assert risk_coverage(confidence, correct) == [
        (0.5, 1.0, 0.5),
        (0.7, 0.75, pytest.approx(2 / 3)),
        (0.9, 0.25, 1.0),
    ]


def test_coverage_of_no_answers_has_no_points():
    assert risk_coverage(np.zeros(0), np.zeros(0, bool)) == []


def test_the_end_of_the_coverage_is_the_accuracy_without_a_threshold():
    evaluation = some_evaluation(some_hands())
    shares = [share for _, share, _ in evaluation.coverage]
    assert shares == sorted(shares, reverse=True)
    assert shares[0] == 1.0
    samples = some_hands()
    shown = np.array([LABELS.index(label) for label in samples.label.tolist()])
    assert evaluation.coverage[0][2] == pytest.approx((some_logits(samples).argmax(axis=1) == shown).mean())


def test_the_area_under_a_curve_is_half_for_chance_and_one_for_a_perfect_classifier():
    chance = [RocPoint(threshold, threshold, threshold) for threshold in (0.0, 0.5, 1.0)]
    assert area_under(chance) == pytest.approx(0.5)
    assert area_under([RocPoint(0.5, 1.0, 0.0)]) == pytest.approx(1.0)


def test_the_interval_of_a_share_is_wilson_s():
    assert interval(0.5, 100) == (pytest.approx(0.4038, abs=1e-4), pytest.approx(0.5962, abs=1e-4))
    low, high = interval(1.0, 20)
    assert low == pytest.approx(0.8389, abs=1e-4)
    assert high == 1.0


def test_percentages_do_not_round_to_all_or_nothing():
    assert percent(0.9999) == "99.9%"
    assert percent(0.0001) == "0.1%"
    assert percent(1.0) == "100.0%"
    assert percent(0.0) == "0.0%"


def test_confusions_come_most_frequent_first():
    evaluation = some_evaluation(some_hands())
    found = confusions(evaluation)
    assert [number for _, _, number, _ in found] == sorted(
        (number for _, _, number, _ in found), reverse=True
    )
    wrong = np.array(evaluation.confusion)
    assert sum(number for _, _, number, _ in found) == wrong.sum() - wrong.trace()


def test_an_evaluation_is_read_back_as_it_was_saved(tmp_path):
    evaluation = full_report().evaluation
    evaluation.save(tmp_path / "evaluation.json")
    assert read_evaluation(tmp_path / "evaluation.json") == evaluation


@pytest.mark.parametrize("content", ["", "[]", '{"labels": []}', json.dumps({"hands": 3})])
def test_a_file_that_holds_no_evaluation_is_refused_by_name(tmp_path, content):
    path = tmp_path / "evaluation.json"
    path.write_text(content)
    with pytest.raises(LivefgError, match=r"evaluation\.json"):
        read_evaluation(path)


def test_a_source_that_gave_nothing_is_listed_with_the_reasons():
    samples = some_hands(each=1)
    rows = {row.name: row for row in data_of(samples, samples.take([]), rejected={"third": {"no hand": 7}})}
    assert rows["third"].count == 0
    assert rows["third"].rejected == {"no hand": 7}
    assert rows["first"].use == "training"


def test_unknown_values_of_a_curve_are_null_in_json():
    report = bare_report(curves=[Curve("loss", "validation", [float("nan"), 1.0])])
    assert report.to_dict()["curves"][0]["values"] == [None, 1.0]
