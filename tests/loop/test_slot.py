"""The slot keeps the newest, the queue loses nothing."""

from __future__ import annotations

import threading

import pytest

from livefg.loop import BoundedQueue, Slot


def test_a_newer_item_takes_the_place_of_one_nobody_took() -> None:
    slot: Slot[int] = Slot()
    assert slot.put(1)
    assert not slot.put(2)
    assert not slot.put(3)
    assert slot.take() == 3
    assert slot.dropped == 2
    assert slot.take(timeout=0) is None


def test_what_is_left_in_a_closed_slot_can_be_taken() -> None:
    slot: Slot[int] = Slot()
    slot.put(1)
    slot.close()
    slot.put(2)
    assert not slot.finished
    assert slot.take() == 1
    assert slot.finished
    assert slot.take() is None


def test_a_slot_can_merge_what_nobody_took() -> None:
    slot: Slot[str] = Slot(merge=lambda old, new: old + new)
    for item in "abc":
        slot.put(item)
    assert slot.take() == "abc"


def test_closing_a_slot_wakes_who_waits() -> None:
    slot: Slot[int] = Slot()
    answers: list[int | None] = []
    waiting = threading.Thread(target=lambda: answers.append(slot.take()))
    waiting.start()
    slot.close()
    waiting.join()
    assert answers == [None]


def test_a_full_queue_refuses_an_offer_and_makes_a_put_wait() -> None:
    queue: BoundedQueue[int] = BoundedQueue(2)
    assert queue.offer(1)
    assert queue.put(2)
    assert not queue.offer(3)
    late = threading.Thread(target=queue.put, args=(3,))
    late.start()
    assert [queue.take(), queue.take(), queue.take()] == [1, 2, 3]
    late.join()


def test_a_closed_queue_gives_what_it_holds_and_takes_nothing_more() -> None:
    queue: BoundedQueue[int] = BoundedQueue(2)
    queue.put(1)
    queue.close()
    assert not queue.put(2)
    assert queue.take() == 1
    assert queue.take() is None


def test_closing_a_full_queue_frees_who_waits_for_room() -> None:
    queue: BoundedQueue[int] = BoundedQueue(1)
    queue.put(1)
    answers: list[bool] = []
    waiting = threading.Thread(target=lambda: answers.append(queue.put(2)))
    waiting.start()
    queue.close(discard=True)
    waiting.join()
    assert answers == [False]
    assert len(queue) == 0


def test_a_queue_without_room_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        BoundedQueue(0)
