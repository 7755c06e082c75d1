"""Two ways in which threads hand things on: a slot keeps the newest, a queue loses nothing."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

__all__ = ["BoundedQueue", "Slot"]

Item = TypeVar("Item")


class Slot(Generic[Item]):
    """Room for one item. A newer one takes the place of one that nobody took, and the loss is counted.

    `merge(old, new)` makes what is kept from an item that was not taken and its successor; without it the
    successor is kept as it is. Safe to use from any thread.
    """

    def __init__(self, merge: Callable[[Item, Item], Item] | None = None) -> None:
        self._condition = threading.Condition()
        self._items: list[Item] = []
        self._merge = merge
        self._closed = False
        self._dropped = 0

    @property
    def dropped(self) -> int:
        """How many items were replaced before anybody took them."""
        with self._condition:
            return self._dropped

    @property
    def finished(self) -> bool:
        """Whether the slot is closed and what was in it has been taken."""
        with self._condition:
            return self._closed and not self._items

    def put(self, item: Item) -> bool:
        """Leave an item; never waits. Returns False if an older one had to go. Ignored after `close`."""
        with self._condition:
            if self._closed:
                return True
            replaced = bool(self._items)
            if replaced:
                self._dropped += 1
                old = self._items.pop()
                item = self._merge(old, item) if self._merge else item
            self._items.append(item)
            self._condition.notify()
            return not replaced

    def take(self, timeout: float | None = None) -> Item | None:
        """The item, waiting up to `timeout` seconds (None: for ever); None if none came or none will."""
        with self._condition:
            self._condition.wait_for(lambda: self._items or self._closed, timeout)
            return self._items.pop() if self._items else None

    def close(self) -> None:
        """Say that nothing more will come; an item that is still there can be taken."""
        with self._condition:
            self._closed = True
            self._condition.notify_all()


class BoundedQueue(Generic[Item]):
    """Items in order, at most `capacity` of them: who puts one waits for room, or is told there is none."""

    def __init__(self, capacity: int) -> None:
        if capacity < 1:
            raise ValueError(f"a queue needs room for at least one item, got {capacity}")
        self._condition = threading.Condition()
        self._items: deque[Item] = deque()
        self._capacity = capacity
        self._closed = False

    def __len__(self) -> int:
        with self._condition:
            return len(self._items)

    def put(self, item: Item) -> bool:
        """Add an item, waiting for room. Returns False, without adding it, once the queue is closed."""
        with self._condition:
            self._condition.wait_for(lambda: len(self._items) < self._capacity or self._closed)
            return self._add(item)

    def offer(self, item: Item) -> bool:
        """Add an item if there is room now. Returns whether it was added."""
        with self._condition:
            return len(self._items) < self._capacity and self._add(item)

    def take(self) -> Item | None:
        """The oldest item, waiting for one; None once the queue is closed and empty."""
        with self._condition:
            self._condition.wait_for(lambda: self._items or self._closed)
            if not self._items:
                return None
            item = self._items.popleft()
            self._condition.notify_all()
            return item

    def close(self, discard: bool = False) -> None:
        """Take no more items; those that are waiting can still be taken unless `discard` throws them away."""
        with self._condition:
            self._closed = True
            if discard:
                self._items.clear()
            self._condition.notify_all()

    def _add(self, item: Item) -> bool:
        if self._closed:
            return False
        self._items.append(item)
        self._condition.notify_all()
        return True
