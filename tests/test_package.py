"""The package as others import it: an explicit public surface, and nothing heavy before it is asked for."""

import subprocess
import sys

import pytest

import livefg


@pytest.mark.parametrize("name", livefg.__all__)
def test_each_public_name_can_be_had(name: str) -> None:
    value = getattr(livefg, name)
    assert isinstance(value, str) or value.__module__.startswith("livefg")


def test_other_names_cannot(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        livefg.nonsense  # noqa: B018 - the look-up is the test
    assert set(livefg.__all__) <= set(dir(livefg))


def loaded_by(program: str) -> set[str]:
    """The top-level packages that a program has loaded at its end."""
    code = (
        f"{program}\nimport sys; print(*{{name.partition('.')[0] for name in sys.modules}}, file=sys.stderr)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    return set(run.stderr.split())


def test_help_loads_nothing_heavy() -> None:
    program = "import livefg.cli\ntry: livefg.cli.main(['--help'])\nexcept SystemExit: pass"
    assert loaded_by(program).isdisjoint({"numpy", "cv2", "av", "onnxruntime", "torch", "PIL", "rich"})


def test_the_pipeline_never_loads_torch_or_mediapipe() -> None:
    program = "import livefg\nlivefg.Pipeline(livefg.PipelineSettings(device='cpu')).close()"
    assert loaded_by(program).isdisjoint({"torch", "mediapipe", "onnx", "tflite", "matplotlib"})


@pytest.mark.parametrize(("arguments", "status"), [(["--version"], 0), (["nonsense"], 2), (["process"], 2)])
def test_the_exit_status_says_how_it_went(arguments: list[str], status: int) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "livefg", *arguments], capture_output=True, check=False, timeout=60
    )
    assert run.returncode == status
