"""examples/custom_loss.py: a loss of one's own with a pyramid, tiles and a checkpoint, through a kill."""

import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
from PIL import Image

SCRIPT = Path(__file__).resolve().parents[2] / "examples" / "custom_loss.py"


def test_a_killed_run_is_resumed_to_the_same_picture(photo_file, painting_file, tmp_path):
    flags = ["--weights", "random", "--sizes", "48", "80", "--tile", "64", "--iterations", "2"]

    def start(name, *more):
        arguments = [sys.executable, SCRIPT, photo_file, painting_file, tmp_path / name, *flags, *more]
        return subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    whole = start("whole.png")
    killed = start("out.png", "--checkpoint", tmp_path / "run", "--resume")
    for line in killed.stdout:
        if line.startswith("iteration 3:"):  # the second is in the checkpoint by now
            killed.send_signal(signal.SIGKILL)
            break
    killed.communicate()
    assert not (tmp_path / "out.png").exists()
    again, _ = start("out.png", "--checkpoint", tmp_path / "run", "--resume").communicate()
    assert [line.split(":")[0] for line in again.splitlines() if line.startswith("iteration")][-1] == "iteration 4"
    assert "iteration 1" not in again
    out, error = whole.communicate()
    assert whole.returncode == 0, error
    assert "'edges'" in out
    with Image.open(tmp_path / "whole.png") as one, Image.open(tmp_path / "out.png") as other:
        np.testing.assert_array_equal(np.asarray(one), np.asarray(other))
