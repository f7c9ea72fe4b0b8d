"""Random answers of a classifier, and the schemas of what is said of them."""

import json
from importlib.resources import files

import jsonschema
import numpy as np
import pytest


@pytest.fixture(scope="session")
def answers():
    """A function (images, classes, seed) that gives logits and true labels, about half of which agree."""

    def draw(n, classes, seed):
        rng = np.random.default_rng(seed)
        labels = rng.integers(0, classes, n)
        logits = rng.normal(0, 2, (n, classes))
        logits[np.arange(n), labels] += 2
        return logits, labels

    return draw


@pytest.fixture(scope="session")
def check_schema():
    """A function (values, name) that holds values against a schema of the package."""

    def check(values, name):
        schema = json.loads(files("tenfold.evaluation").joinpath(f"{name}.schema.json").read_text("utf-8"))
        jsonschema.Draft202012Validator.check_schema(schema)
        jsonschema.validate(json.loads(json.dumps(values, allow_nan=False)), schema)

    return check
