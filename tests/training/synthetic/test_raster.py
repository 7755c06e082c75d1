"""The rasteriser: who hides whom, and what is seen where."""

import numpy as np

from training.synthetic.raster import rasterise, visible_faces

FAR_AND_NEAR = np.array([[4, 4], [4, 36], [36, 4], [4, 4], [4, 20], [20, 4]], float)
DEPTH = np.array([2.0, 2.0, 2.0, 1.0, 1.0, 1.0])
FACES = np.array([[0, 1, 2], [3, 4, 5]])


def test_the_nearer_face_hides_the_farther() -> None:
    for faces in (FACES, FACES[::-1]):
        shown = visible_faces(FAR_AND_NEAR, DEPTH, faces, 40, 40)
        near = 1 + int(np.flatnonzero(faces[:, 0] == 3)[0])
        assert shown[8, 8] == near
        assert shown[25, 8] == 3 - near
        assert shown[36, 36] == 0


def test_a_face_seen_from_behind_is_not_drawn() -> None:
    assert not visible_faces(FAR_AND_NEAR, DEPTH, FACES[:, ::-1], 40, 40).any()


def test_a_face_too_near_the_camera_is_left_out() -> None:
    assert visible_faces(FAR_AND_NEAR, DEPTH, FACES, 40, 40, least_depth=1.5).max() == 1


def test_attributes_are_blended_linearly_over_a_face() -> None:
    fragments = rasterise(FAR_AND_NEAR, DEPTH, FACES[:1], 40, 40, least_depth=0)
    assert np.allclose(fragments.weights.sum(axis=1), 1)
    assert (fragments.weights >= 0).all()
    seen = fragments.blend(FAR_AND_NEAR, FACES[:1])
    pixels = np.stack([fragments.columns, fragments.rows], axis=1)
    assert np.abs(seen - pixels).max() < 0.75
