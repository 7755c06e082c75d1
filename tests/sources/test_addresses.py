"""Addresses: told from files, and shown without what is secret in them."""

from __future__ import annotations

import pytest

from livefg.sources.addresses import is_address, masked


@pytest.mark.parametrize(
    "spec",
    [
        "rtsp://cam/1",
        "RTSP://cam/1",
        "http://cam:8080/video",
        "https://cam",
        "udp://@239.0.0.1:1234",
        "srt://cam:9000",
    ],
)
def test_network_addresses_are_recognised(spec: str) -> None:
    assert is_address(spec)


@pytest.mark.parametrize(
    "spec", ["clip.mp4", "C:/clips/a.mp4", "/data/rtsp/a.mp4", "demo", "0", "file:///a.mp4", "strange://x"]
)
def test_files_and_numbers_are_no_addresses(spec: str) -> None:
    assert not is_address(spec)


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("rtsp://cam.local:554/live", "rtsp://cam.local:554/live"),
        ("rtsp://admin:pa55@cam.local:554/live", "rtsp://***@cam.local:554/live"),
        ("http://admin@cam/video", "http://***@cam/video"),
        ("http://admin:p@ss@cam/video", "http://***@cam/video"),
        ("rtsp://admin:pa/55@cam/live", "rtsp://***@cam/live"),
        ("http://cam/v?user=me&Password=pa55&size=640", "http://cam/v?user=***&Password=***&size=640"),
        ("http://cam/v?access_token=abc#frag", "http://cam/v?access_token=***"),
        ("http://[::1", "http://***"),
    ],
)
def test_secrets_are_masked(address: str, shown: str) -> None:
    assert masked(address) == shown
