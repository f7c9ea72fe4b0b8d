"""The lecture from end to end on the full MNIST: its lines, its accuracy, its network reading our file."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch
import torch.nn.functional as F

import tenfold
from tenfold.training.engines import ready_engines

pytestmark = pytest.mark.skipif(
    not (Path(os.environ.get("TENFOLD_DATA", "")) / "mnist").is_dir(),
    reason="needs the full MNIST: set TENFOLD_DATA to a folder that holds mnist/",
)


class Net(torch.nn.Module):
    """The lecture's network, under the lecture's names."""

    def __init__(self):
        super().__init__()
        self.l1 = torch.nn.Linear(784, 512)
        self.l2 = torch.nn.Linear(512, 256)
        self.l3 = torch.nn.Linear(256, 128)
        self.l4 = torch.nn.Linear(128, 64)
        self.l5 = torch.nn.Linear(64, 10)

    def forward(self, x):
        x = x.view(-1, 784)
        for layer in (self.l1, self.l2, self.l3, self.l4):
            x = F.relu(layer(x))
        return self.l5(x)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("engine", ready_engines())
def test_ten_epochs_in_the_lectures_form_end_at_97_per_cent(engine, seed, tmp_path):
    flags = ["--recipe", "lecture", "--plain", "--engine", engine, "--seed", str(seed), "--out", "run"]
    done = subprocess.run(
        [sys.executable, "-m", "tenfold", "train", *flags],
        capture_output=True,
        cwd=tmp_path,
        text=True,
        check=True,
    )
    lines = done.stdout.splitlines()
    for epoch in range(1, 11):
        *losses, accuracy = lines[4 * (epoch - 1) : 4 * epoch]
        for batch, line in zip((300, 600, 900), losses, strict=True):
            assert re.fullmatch(rf"\[{epoch}, {{3,4}}{batch}\] loss: \d\.\d{{3}}", line), line
        assert re.fullmatch(r"accuracy on test set: \d\d % ", accuracy), accuracy
    assert lines[40:] == []
    assert lines[-1] == "accuracy on test set: 97 % "

    model = tenfold.Model.load(tmp_path / "run" / "model.safetensors")
    assert model.preprocessing.mean == (0.1307,)
    assert model.preprocessing.std == (0.3081,)
    net = Net()
    net.load_state_dict(safetensors.torch.load_file(tmp_path / "run" / "model.safetensors"), strict=True)
    images = tenfold.load_data("mnist").test.images
    with torch.no_grad():
        logits = net((torch.tensor(images).float() / 255 - 0.1307) / 0.3081).numpy()
    ours = tenfold.Predictor(model).logits(images)
    np.testing.assert_allclose(ours, logits, rtol=1e-6, atol=1e-6 * np.abs(logits).max())
