"""Trainings side by side: told as one course, ended together, each the same as alone."""

import threading

import pytest
import torch

from tests.training.test_fit import LABELS, QUICK, SAMPLES, SHAPE
from training.fit import Epoch, Fitted, fit
from training.side_by_side import SideBySide
from training.threads import one_thread


class Course:
    def __init__(self) -> None:
        self.told: list[tuple[int, int]] = []

    def epoch(self, epoch: Epoch, total: int) -> None:
        self.told.append((epoch.number, total))


def learn(on_epoch=None) -> Fitted:
    return fit(SAMPLES, None, LABELS, SHAPE, QUICK, on_epoch=on_epoch)


def test_networks_that_learn_side_by_side_are_those_that_learn_alone() -> None:
    course = Course()
    with SideBySide(course) as trainings:
        futures = [trainings.train(QUICK.epochs, learn) for _ in range(3)]
        networks = [future.result().network.state_dict() for future in futures]
    alone = learn().network.state_dict()
    for network in networks:
        assert all(torch.equal(value, alone[name]) for name, value in network.items())
    assert [number for number, _ in course.told] == list(range(3 * QUICK.epochs))
    assert course.told[-1][1] == 3 * QUICK.epochs


def test_an_interrupt_ends_the_trainings_that_are_under_way() -> None:
    begun, ended = threading.Event(), []

    def endless(on_epoch=None) -> Fitted:
        try:
            while True:
                on_epoch(Epoch(0, 0.0, 0.0, 0.0), 1)
                begun.set()
        finally:
            ended.append(True)

    def interrupted() -> None:
        with SideBySide(Course()) as trainings:
            trainings.train(1, endless)
            assert begun.wait(60)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert ended == [True]


def test_a_training_that_fails_says_so() -> None:
    def fails(on_epoch=None) -> Fitted:
        raise ValueError("no such label")

    with pytest.raises(ValueError, match="no such label"), SideBySide(Course()) as trainings:
        trainings.train(1, fails).result()


def test_torch_gets_its_threads_back() -> None:
    before = torch.get_num_threads()
    with one_thread(), one_thread():
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == before
