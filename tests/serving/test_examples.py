"""The Python of ``docs/serving.md`` runs as it stands, but for the server's address."""

import re
from pathlib import Path

import numpy as np

from tenfold.model.model_file import Model
from tenfold.model.network import Network
from tenfold.model.preprocessing import Preprocessing

PAGE = Path(__file__).parents[2] / "docs" / "serving.md"


def test_the_examples_run(serve, tmp_path, capsys):
    images = np.random.default_rng(0).integers(0, 256, (10, 28, 28)).astype(np.uint8)
    network = Network((784, 10))
    weights = {name: np.ones(shape, np.float32) for name, shape in network.shapes.items()}
    file = tmp_path / "model.safetensors"
    Model(network, weights, tuple("0123456789"), Preprocessing.fitted(images), images).save(file)
    code = re.findall(r"^```py\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    names = {}
    with serve(f"digits={file}") as server:
        for block in code:
            exec(block.replace("127.0.0.1:8000", f"127.0.0.1:{server.port}"), names)
        names["client"].close()
    assert capsys.readouterr().out == "(32, 10)\n"
    assert names["labels"].shape == (32,)
