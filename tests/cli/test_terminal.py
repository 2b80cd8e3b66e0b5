"""Every verb on terminals and logs that show little, or have odd settings."""

import io
import os
import subprocess
import sys

import pytest

from trackscape import samples

TEXTS = {
    "ascii": "2 +- ...",
    "latin-1": "² ± ...",
    "utf-8": "² ± …",
}
VERBS = ("inspect", "train", "reconstruct", "evaluate", "display", "demo", "detector", "simulate")


def run(*arguments: object, **environment: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "trackscape", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, env=os.environ | environment)


@pytest.mark.parametrize("encoding", TEXTS)
def test_signs_that_a_terminal_lacks_are_replaced(monkeypatch, encoding):
    from trackscape.cli.computing import allow_every_text

    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    monkeypatch.setattr(sys, "stdout", stream)
    allow_every_text()
    stream.write("² ± … \udcff")  # the last is what Python makes of a byte in a file name
    stream.flush()
    assert stream.buffer.getvalue() == TEXTS[encoding].encode(encoding) + b" \xff"


@pytest.mark.parametrize("verb", [*VERBS, "compare", "landscape"])
def test_the_help_of_every_verb_is_plain_text(trackscape, verb):
    outcome = trackscape(verb, "--help")
    assert outcome.status == 0
    assert outcome.out.isascii()
    assert "<str>" not in outcome.out.replace("NAME <str>", "")


@pytest.mark.parametrize(
    "environment",
    [
        {"PYTHONIOENCODING": "ascii"},
        {"PYTHONIOENCODING": "latin-1", "NO_COLOR": "1"},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "TERM": "dumb"},
        {"COLUMNS": "20", "MPLBACKEND": "module://nothing.here"},
    ],
    ids=lambda environment: next(iter(environment)),
)
def test_verbs_work_with_odd_terminals_and_backends(tmp_path, environment):
    for arguments in (["detector", "-o", tmp_path / "d.png"], ["--help"]):
        done = run(*arguments, **environment)
        assert done.returncode == 0, done.stderr
        assert done.stderr == b""


def test_tables_and_comparisons_can_be_printed_in_ascii(tmp_path):
    evaluate = ("evaluate", samples.VALIDATION, "--per-frame", 200, "--method", "greedy")
    for arguments in (evaluate, ("compare", samples.VALIDATION, samples.VALIDATION)):
        done = run(*arguments, PYTHONIOENCODING="ascii")
        assert done.returncode == 0, done.stderr
        assert done.stdout.isascii()


def test_nothing_but_results_is_printed_where_nobody_looks(trackscape, tmp_path):
    arguments = ("--per-frame", 100, "--method", "greedy")
    trackscape("reconstruct", samples.VALIDATION, *arguments, "-o", "t.csv")  # may compile
    outcome = trackscape("reconstruct", samples.VALIDATION, *arguments, "-o", "t.csv")
    assert outcome.err == ""
    cut, accepted, written, ranges = outcome.out.splitlines()
    assert cut.startswith("Tracks need 5 hits and more than 62.5 keV in the last layer: ")
    assert "accepted" in accepted
    assert written == "8 frames: t.csv"
    assert ranges.endswith(" tracks with their ranges: t_ranges.csv")


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("verb", ["reconstruct", "evaluate", "train", "simulate"])
def test_ctrl_c_is_answered_with_a_sentence(trackscape, monkeypatch, verb, compiled):
    def interrupt(*arguments: object, **options: object):
        if compiled:  # what a compiled function makes of it that is being entered
            raise SystemError("returned a result with an exception set") from KeyboardInterrupt()
        raise KeyboardInterrupt

    for name in ("reconstruction.find_files", "simulation.make_setup"):
        monkeypatch.setattr(f"trackscape.{name}", interrupt)
    monkeypatch.setattr("trackscape.training.config.TrainingConfig.load", interrupt)
    hits = (samples.VALIDATION, "--per-frame", 10)
    arguments: dict[str, tuple[object, ...]] = {
        "reconstruct": (*hits, "--method", "greedy", "-o", "t.csv"),
        "evaluate": (*hits, "--method", "greedy"),
        "train": ("a.yaml", "--data", "."),
        "simulate": ("-o", "hits.npz"),
    }
    outcome = trackscape(verb, *arguments[verb])
    assert outcome.status == 130
    assert outcome.err.startswith("Interrupted. ")
    assert len(outcome.err.splitlines()) == 1


def test_completion_knows_the_verbs():
    words = {"COMP_WORDS": "trackscape ev", "COMP_CWORD": "1"}
    code = "import sys; sys.argv = ['trackscape']; from trackscape.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env=os.environ | words | {"_TRACKSCAPE_COMPLETE": "complete_bash"},
    )
    assert done.stdout.split() == ["evaluate"]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="only Linux has a disk that is full")
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_output_to_a_full_disk_ends_with_a_sentence(unbuffered):
    command = [sys.executable, "-m", "trackscape", "--help"]
    environment = os.environ | {"PYTHONUNBUFFERED": unbuffered}
    with open("/dev/full", "wb") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, env=environment)
    assert done.returncode == 2
    assert done.stderr.startswith(b"Error: expected a place for the output, but got ")
    assert done.stderr.count(b"\n") == 1


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_output_that_nobody_reads_ends_quietly(unbuffered):
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "trackscape", "--help"]
    environment = os.environ | {"PYTHONUNBUFFERED": unbuffered}
    done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, env=environment)
    os.close(writer)
    assert (done.returncode, done.stderr) == (1, b"")
