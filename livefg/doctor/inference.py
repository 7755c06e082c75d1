"""Which devices really run a network here, and whether the networks' files are whole."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from livefg.doctor.findings import Finding
from livefg.doctor.packages import owners
from livefg.errors import LivefgError
from livefg.inference import Classifier, Manifest, Network, user_models
from livefg.inference.devices import DEVICES, PROVIDERS, DeviceName, obstacle
from livefg.inference.nvidia import nvidia_driver
from livefg.inference.runtime import runtime

__all__ = ["examine_devices", "examine_graphics_cards", "examine_models", "examine_runtime"]

_VENDORS = {"0x10de": "NVIDIA", "0x1002": "AMD", "0x8086": "Intel"}
_DISPLAY_CLASS = "0x03"
_SPECIAL_RUNTIMES = ("onnxruntime-openvino", "onnxruntime-directml", "onnxruntime-gpu")
_MEBIBYTE = 1024 * 1024
_TRIED = "face_detector"
"""The smallest network that sees pictures: what reads a few numbers is nothing for an accelerator."""


def examine_graphics_cards() -> Iterator[Finding]:
    """Graphics cards, as their driver or the operating system tells of them."""
    driver = nvidia_driver()
    if driver and driver.gpus:
        cards = ", ".join(f"{card.name} with {card.memory} MiB" for card in driver.gpus)
        major, minor = driver.cuda
        yield Finding("graphics card", "ok", f"{cards}; its driver serves CUDA up to {major}.{minor}")
        return
    seen = _cards_on_the_bus()
    hindrance = obstacle("cuda")
    if "NVIDIA" in seen and hindrance:
        yield Finding(
            "graphics card", "warning", f"an NVIDIA card, but {hindrance.reason}", cure=hindrance.cure
        )
    else:
        names = " and ".join(seen) or "none"
        yield Finding(
            "graphics card", "note", f"{names} seen; no NVIDIA driver, so that CUDA is not for this machine"
        )


def _cards_on_the_bus() -> list[str]:
    """Makers of the display adapters on the PCI bus (Linux; elsewhere the drivers tell)."""
    makers: set[str] = set()
    for device in Path("/sys/bus/pci/devices").glob("*"):
        try:
            if (device / "class").read_text().startswith(_DISPLAY_CLASS):
                makers.add(_VENDORS.get((device / "vendor").read_text().strip(), "another maker's"))
        except OSError:
            continue
    return sorted(makers)


def examine_runtime() -> Iterator[Finding]:
    """ONNX Runtime: that one package alone owns it, and that it can be imported."""
    packages = owners("onnxruntime")
    if len(packages) > 1:
        # The special one is the one that was chosen; the plain one came along with something else.
        keep = next((name for name in _SPECIAL_RUNTIMES if name in packages), packages[0])
        yield Finding(
            "onnxruntime",
            "warning",
            f"{' and '.join(packages)} have overwritten each other",
            cure=f"pip uninstall -y {' '.join(packages)} && pip install {keep}",
        )
    try:
        module = runtime()
    except LivefgError as error:
        yield Finding("onnxruntime", "problem", str(error), cure="pip install --force-reinstall onnxruntime")
        return
    names = ", ".join(packages) or "onnxruntime"
    yield Finding(
        "onnxruntime", "ok", f"{module.__version__} ({names}); its reports to its maker are switched off"
    )


def examine_devices() -> Iterator[Finding]:
    """Every device that the installed ONNX Runtime lists: create a session, run it, time it."""
    listed = runtime().get_available_providers()
    for device in DEVICES:
        if PROVIDERS.get(device) in listed:
            yield _try_device(device, _TRIED)


def _try_device(device: DeviceName, name: str) -> Finding:
    hindrance = obstacle(device)
    if hindrance:
        driver = nvidia_driver()
        # Without the hardware there is nothing to put right.
        usable = driver is not None and bool(driver.gpus)
        return Finding(
            "device",
            "warning" if usable and device == "cuda" else "note",
            f"{device}: cannot be had, {hindrance.reason}",
            cure=hindrance.cure if usable else None,
        )
    try:
        report = Network.load(name, device).report
    except LivefgError as error:
        return Finding(
            "device",
            "problem" if device == "cpu" else "warning",
            f"{device}: {error}",
            cure="pip install --force-reinstall onnxruntime" if device == "cpu" else "use another --device",
        )
    form = f" ({report.form})" if report.form else ""
    return Finding(
        "device", "ok", f"{device}: {report.provider} runs {name} in {report.median_ms:.2f} ms{form}"
    )


def examine_models() -> Iterator[Finding]:
    """The shipped networks against their manifest, and the user's own classifiers against their contract."""
    manifest = Manifest.load()
    intact = 0
    for name in manifest.entries:
        try:
            manifest.verify(name)
            intact += manifest.entries[name].bytes
        except LivefgError as error:
            yield Finding(
                "models", "problem", str(error), cure="pip install --force-reinstall --no-deps livefg"
            )
    count = len(manifest.entries)
    yield Finding("models", "ok", f"{count} shipped, {intact / _MEBIBYTE:.1f} MiB checked, {manifest.folder}")
    for model in user_models():
        try:
            info = Classifier.load(model.path, "cpu").info
        except LivefgError as error:
            yield Finding("models", "warning", str(error), cure=f"export it again, or delete {model.path}")
        else:
            yield Finding("models", "ok", f"{model.name} of your own: {info.task}, {len(info.labels)} labels")
