"""Regions: what is cut out comes back to where it was."""

import math

import cv2
import numpy as np
import pytest

from livefg.perception.geometry import Region, box_iou, crop, region_around, to_picture, wrap_angle


@pytest.mark.parametrize("rotation", [0.0, 0.4, -1.3, math.pi])
def test_a_point_in_a_crop_comes_back_to_its_place_in_the_picture(rotation: float) -> None:
    picture = np.zeros((480, 640, 3), np.uint8)
    cv2.circle(picture, (300, 200), 6, (255, 255, 255), -1)
    region = Region(320.0, 220.0, 160.0, rotation)
    cut = crop(picture, region, 224)
    weights = cut[:, :, 0].astype(np.float64)
    y, x = np.mgrid[0:224, 0:224]
    spot = np.array([[(x * weights).sum(), (y * weights).sum(), 0.0]], np.float32) / weights.sum()
    assert to_picture(spot.astype(np.float32), region, 224)[0, :2] == pytest.approx([300, 200], abs=0.5)


def test_the_edge_of_the_picture_is_repeated_beyond_it() -> None:
    picture = np.full((100, 100, 3), 90, np.uint8)
    assert (crop(picture, Region(0.0, 0.0, 80.0, 0.0), 64) == 90).all()


def test_depth_is_scaled_like_the_rest() -> None:
    points = np.array([[112.0, 112.0, 20.0]], np.float32)
    assert to_picture(points, Region(50.0, 60.0, 448.0, 1.0), 224)[0] == pytest.approx([50, 60, 40])


def test_a_region_is_shifted_along_its_own_axis() -> None:
    upright = region_around(100, 100, 40, 60, 0.0, 2.0, -0.5)
    assert upright == pytest.approx((100, 70, 120, 0))
    lying = region_around(100, 100, 40, 60, math.pi / 2, 2.0, -0.5)
    assert lying[:3] == pytest.approx((130, 100, 120))


@pytest.mark.parametrize(
    ("angle", "expected"), [(0.0, 0.0), (3 * math.pi, -math.pi), (-3.5, 2 * math.pi - 3.5)]
)
def test_an_angle_is_brought_into_one_turn(angle: float, expected: float) -> None:
    assert wrap_angle(angle) == pytest.approx(expected)


def test_iou_of_equal_touching_and_half_covering_boxes() -> None:
    assert box_iou((0, 0, 10, 10), (0, 0, 10, 10)) == 1
    assert box_iou((0, 0, 10, 10), (10, 0, 20, 10)) == 0
    assert box_iou((0, 0, 10, 10), (5, 0, 15, 10)) == pytest.approx(1 / 3)
    assert box_iou((5, 5, 5, 5), (5, 5, 5, 5)) == 0
