"""Track ids and the memory of lost tracks."""

from livefg.perception.geometry import Region
from livefg.perception.tracks import LostTracks, TrackIds

HERE = Region(100.0, 100.0, 50.0, 0.0)


def anybody(_: str) -> bool:
    return True


def test_ids_are_never_used_twice_before_a_reset() -> None:
    ids = TrackIds()
    assert [ids.new() for _ in range(3)] == [1, 2, 3]
    ids.reset()
    assert ids.new() == 1


def test_a_lost_track_comes_back_near_its_place_within_its_time() -> None:
    lost: LostTracks[str] = LostTracks(memory=1.0, reach=2.0)
    lost.add("left", HERE, 10.0)
    assert lost.recall(Region(115.0, 100.0, 55.0, 0.0), 10.1, anybody) == "left"
    assert lost.recall(HERE, 10.2, anybody) is None, "a track is taken out when it comes back"


def test_a_lost_track_does_not_come_back_late_far_away_or_in_another_size() -> None:
    for region, time in (
        (HERE, 11.5),
        (Region(300.0, 100.0, 50.0, 0.0), 10.5),
        (Region(100.0, 100.0, 150.0, 0.0), 10.1),
    ):
        lost: LostTracks[str] = LostTracks(memory=1.0, reach=2.0)
        lost.add("left", HERE, 10.0)
        assert lost.recall(region, time, anybody) is None


def test_the_nearest_that_fits_is_chosen() -> None:
    lost: LostTracks[str] = LostTracks(memory=1.0, reach=3.0)
    lost.add("far", Region(140.0, 100.0, 50.0, 0.0), 0.0)
    lost.add("near", Region(105.0, 100.0, 50.0, 0.0), 0.0)
    lost.add("wrong", HERE, 0.0)
    assert lost.recall(HERE, 0.2, lambda name: name != "wrong") == "near"
    lost.clear()
    assert lost.recall(HERE, 0.2, anybody) is None
