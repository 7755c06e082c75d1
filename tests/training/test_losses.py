"""Each loss gives the values and gradients that one computes by hand."""

import math

import pytest
import torch

from training.losses import cross_entropy, focal, loss_of, weston_watkins

# Three classes with scores 2, 1 and 0; the first is right in one row, the second in the other.
LOGITS = [[2.0, 1.0, 0.0], [2.0, 1.0, 0.0]]
TARGET = torch.tensor([0, 1])
_SUM = math.e**2 + math.e + 1
P = (math.e**2 / _SUM, math.e / _SUM, 1 / _SUM)


def scores() -> torch.Tensor:
    return torch.tensor(LOGITS, requires_grad=True)


def test_cross_entropy_is_minus_the_logarithm_of_the_right_class() -> None:
    assert cross_entropy(scores(), TARGET).tolist() == pytest.approx([-math.log(P[0]), -math.log(P[1])])


def test_cross_entropy_pulls_with_probability_minus_target() -> None:
    logits = scores()
    cross_entropy(logits, TARGET).sum().backward()
    assert logits.grad is not None
    assert logits.grad[0].tolist() == pytest.approx([P[0] - 1, P[1], P[2]], abs=1e-6)
    assert logits.grad[1].tolist() == pytest.approx([P[0], P[1] - 1, P[2]], abs=1e-6)


def test_smoothing_spreads_a_part_of_the_target_over_all_classes() -> None:
    even = -sum(math.log(p) for p in P) / 3
    expected = [0.9 * -math.log(P[0]) + 0.1 * even, 0.9 * -math.log(P[1]) + 0.1 * even]
    assert cross_entropy(scores(), TARGET, smoothing=0.1).tolist() == pytest.approx(expected)


def test_focal_loss_weighs_by_how_wrong_the_network_is() -> None:
    expected = [-((1 - P[0]) ** 2) * math.log(P[0]), -((1 - P[1]) ** 2) * math.log(P[1])]
    assert focal(scores(), TARGET, gamma=2.0).tolist() == pytest.approx(expected)


def test_focal_loss_without_focus_is_cross_entropy() -> None:
    assert focal(scores(), TARGET, gamma=0.0).tolist() == pytest.approx(
        cross_entropy(scores(), TARGET).tolist()
    )


def test_focal_gradient_is_the_one_computed_by_hand() -> None:
    logits = scores()
    focal(logits, TARGET, gamma=2.0)[0].backward()
    # d/ds_y of -(1-p)^2 ln p with dp/ds_y = p(1-p); for another class dp/ds_j = -p p_j.
    by_p = 2 * (1 - P[0]) * math.log(P[0]) - (1 - P[0]) ** 2 / P[0]
    assert logits.grad is not None
    assert logits.grad[0].tolist() == pytest.approx(
        [by_p * P[0] * (1 - P[0]), -by_p * P[0] * P[1], -by_p * P[0] * P[2]], abs=1e-6
    )


def test_weston_watkins_adds_up_what_each_wrong_class_lacks_of_the_margin() -> None:
    # Right 2: 1 lacks 0, 0 lacks nothing. Right 1: 2 lacks 2, 0 lacks 0.
    assert weston_watkins(scores(), TARGET, margin=1.0).tolist() == pytest.approx([0.0, 2.0])
    # With a margin of 2: (2 + 1 - 2) + (2 + 0 - 2), and (2 + 2 - 1) + (2 + 0 - 1).
    assert weston_watkins(scores(), TARGET, margin=2.0).tolist() == pytest.approx([1.0, 4.0])


def test_weston_watkins_pulls_the_right_class_once_for_every_wrong_one_within_the_margin() -> None:
    logits = scores()
    weston_watkins(logits, TARGET, margin=1.5).sum().backward()
    assert logits.grad is not None
    # First row: only the second class is within 1.5. Second row: both are.
    assert logits.grad.tolist() == [[-1.0, 1.0, 0.0], [1.0, -2.0, 1.0]]


def test_losses_go_by_their_names() -> None:
    logits = scores()
    assert torch.equal(loss_of("focal", logits, TARGET, gamma=3.0), focal(logits, TARGET, 3.0))
    assert torch.equal(
        loss_of("weston_watkins", logits, TARGET, margin=2.0), weston_watkins(logits, TARGET, 2.0)
    )
    assert torch.equal(
        loss_of("cross_entropy", logits, TARGET, smoothing=0.1), cross_entropy(logits, TARGET, 0.1)
    )
