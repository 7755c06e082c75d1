"""Fits what a cosine means: likelihood ratios by logistic regression, and the threshold for few false names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from livefg.recognition.identity_classifier import Calibration, IdentityClassifier, features
from livefg.results import FloatArray
from training.identity.trials import sessions
from training.identity.views import Views

__all__ = ["DOMAINS", "FALSE_NAMES", "FITTED_FALSE_NAMES", "fit", "left_out", "stranger_probabilities"]

DOMAINS = (("lfw", "strangers", "press"), ("orl",), ("actors",), ("films",))
"""Sets of one kind of picture: each kind weighs the same in the fit, however many pictures it has."""
FALSE_NAMES = 0.001
"""The share of looks at strangers at ordinary photographs that may get a name."""
FITTED_FALSE_NAMES = FALSE_NAMES / 2
"""The same for the people fitted on. False names are those of a few who look alike, and others have other doubles: a
threshold for 0.1 % of some people lets up to 0.18 % through in other halves, this one 0.1 % (one portrait each).
"""
_CEILING = 3e4  # no pair of two people in a few hundred thousand says more than this
_START = (-5.0, 25.0, -2.0, -5.0, 5.0)
_FLOOR_START = 0.01
_LEAST_FLOOR = 1e-4
_PICTURES = (1, 2, 3, 5)
_PEOPLE = 10


class _Comparisons(NamedTuple):
    """Features (n, 5) of views compared with prototypes, and whether both are of one person (n,)."""

    features: FloatArray
    same: npt.NDArray[np.bool_]


def fit(views: Views, *, count: int = 60, seed: int = 0) -> Calibration:
    """Fit the likelihood ratio on `views`, then the threshold on the ordinary photographs among them."""
    domains = [views.where(np.isin(views.sets, domain)) for domain in DOMAINS]
    weights, floor = _logistic([_compare(domain, count, seed) for domain in domains])
    draft = Calibration(weights, floor, _CEILING, 0.0)
    photographs = domains[0].where(domains[0].conditions == "as it is")
    looks = [
        stranger_probabilities(photographs, draft, people, pictures, count, seed)
        for people in (1, 5, 20)
        for pictures in (1, 3, 5)
    ]
    found = [
        np.quantile(probabilities, 1 - FITTED_FALSE_NAMES) for probabilities in looks if len(probabilities)
    ]
    return Calibration(weights, floor, _CEILING, round(float(max(found)), 3))


def stranger_probabilities(
    views: Views, calibration: Calibration, people: int, pictures: int, count: int, seed: int
) -> FloatArray:
    """The best name's probability for each look at a stranger."""
    best = []
    for session in sessions(
        views, views, people=people, pictures=pictures, count=count, seed=seed, strangers=300
    ):
        stranger = session.truth < 0
        classifier = IdentityClassifier(session.gallery, calibration)
        found = classifier.probabilities(session.embeddings[stranger], session.qualities[stranger])
        best.append(found[:, :-1].max(axis=1))
    return np.concatenate(best)


def _compare(views: Views, count: int, seed: int) -> _Comparisons:
    """People enrolled by ordinary pictures, shown in all conditions."""
    ordinary = views.where(views.conditions == "as it is")
    rows: list[FloatArray] = []
    same: list[npt.NDArray[np.bool_]] = []
    for pictures in _PICTURES:
        for session in sessions(
            ordinary,
            views,
            people=_PEOPLE,
            pictures=pictures,
            count=count,
            seed=seed + pictures,
            views_each=8,
        ):
            prototypes = np.stack([person.prototype for person in session.gallery.people])
            cosines = session.embeddings @ prototypes.T
            columns = features(cosines, np.float32(pictures), session.qualities[:, None])  # type: ignore[arg-type]
            rows.append(columns.reshape(-1, columns.shape[-1]))
            same.append((session.truth[:, None] == np.arange(len(prototypes))).ravel())
    return _Comparisons(np.concatenate(rows), np.concatenate(same))


def _logistic(domains: Sequence[_Comparisons]) -> tuple[tuple[float, ...], float]:
    """Weights and floor that make the observed answers likeliest; every domain and both answers weigh the same.

    The floor is part of the model: some pictures of a person are like no other, some are labelled wrongly, and without
    it these few would bend the curve where the many are.
    """
    rows = torch.tensor(np.concatenate([domain.features for domain in domains]), dtype=torch.float64)
    same = torch.tensor(np.concatenate([domain.same for domain in domains]))
    weight = torch.tensor(np.concatenate([_balanced(domain.same) for domain in domains]) / len(domains))
    start = [*_START, float(np.log(_FLOOR_START))]
    values = torch.tensor(start, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS(
        [values], max_iter=400, line_search_fn="strong_wolfe", tolerance_grad=1e-9, tolerance_change=1e-12
    )

    def loss() -> torch.Tensor:
        optimizer.zero_grad()
        ratios = torch.logaddexp(rows @ values[:-1], values[-1].expand(len(rows)))
        surprise = torch.nn.functional.softplus(torch.where(same, -ratios, ratios))
        total = (weight * surprise).sum()
        total.backward()  # type: ignore[no-untyped-call]
        return total.detach()

    optimizer.step(loss)  # type: ignore[no-untyped-call]
    found = values.detach().numpy()
    return tuple(float(value) for value in found[:-1].round(3)), max(
        _LEAST_FLOOR, round(float(np.exp(found[-1])), 4)
    )


def _balanced(same: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    return np.asarray(np.where(same, 0.5 / max(1, same.sum()), 0.5 / max(1, (~same).sum())))


def left_out(views: Views, folds: int = 2, ways: int = 1) -> Iterable[tuple[Views, Views]]:
    """Splits by people, those of each set in equal parts: those to fit on, and the others to measure on.

    The people are divided into `folds` parts in so many `ways`.
    """
    names, first = np.unique(views.people, return_index=True)
    for way in range(ways):
        order = np.lexsort((np.random.default_rng(way).random(len(names)), views.sets[first]))
        for fold in range(folds):
            tested = np.isin(views.people, names[order[fold::folds]])
            yield views.where(~tested), views.where(tested)
