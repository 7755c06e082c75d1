"""`livefg doctor` prints every finding with its cure, and fails if something needed is broken."""

import json
from collections.abc import Sequence

import pytest
from click.testing import CliRunner

from livefg.cli import doctor
from livefg.doctor import Finding

FINE = Finding("python", "ok", "3.13")
HINT = Finding("display", "note", "none")
SLOW = Finding("opencv", "warning", "no windows", cure="pip install opencv-python")
BROKEN = Finding("models", "problem", "a file is gone", details=("models/a.onnx",), cure="install again")


@pytest.fixture
def findings(monkeypatch: pytest.MonkeyPatch) -> list[Finding]:
    given: list[Finding] = []
    monkeypatch.setattr(doctor, "examine", lambda: iter(given))
    return given


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(doctor.command, arguments)
    return result.exit_code, result.output


def test_a_sound_machine_passes(findings: list[Finding]) -> None:
    findings += [FINE, HINT]
    code, output = run()
    assert code == 0
    assert output.splitlines()[-1] == "Everything that livefg needs works here."


def test_a_warning_has_its_cure_below_it_and_does_not_fail(findings: list[Finding]) -> None:
    findings += [FINE, SLOW]
    code, output = run()
    assert code == 0
    lines = output.splitlines()
    assert lines[1].split() == ["warning", "opencv", "no", "windows"]
    assert lines[2].strip() == "cure: pip install opencv-python"
    assert lines[3] == "1 warning; each has its cure beside it."


def test_a_problem_fails(findings: list[Finding]) -> None:
    findings += [SLOW, BROKEN, BROKEN]
    code, output = run()
    assert code == 1
    assert "models/a.onnx" in output
    assert output.splitlines()[-1].startswith("2 problems and 1 warning")


def test_piped_text_has_no_colour_and_no_broken_lines(findings: list[Finding]) -> None:
    findings.append(Finding("opencv", "ok", "long " * 100))
    _, output = run()
    assert "\x1b" not in output
    assert len(output.splitlines()) == 2


@pytest.mark.parametrize(("given", "code"), [([FINE, SLOW], 0), ([FINE, BROKEN], 1)])
def test_json_has_every_finding_and_the_same_verdict(
    findings: list[Finding], given: Sequence[Finding], code: int
) -> None:
    findings += given
    exit_code, output = run("--json")
    report = json.loads(output)
    assert exit_code == code
    assert report["ok"] is (code == 0)
    assert report["findings"] == [finding.to_dict() for finding in given]


def test_this_machine_is_examined_from_end_to_end() -> None:
    code, output = run("--json")
    areas = {finding["area"] for finding in json.loads(output)["findings"]}
    assert code == 0
    assert {"python", "packages", "opencv", "onnxruntime", "device", "models", "video", "folders"} <= areas
