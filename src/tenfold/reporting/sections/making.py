"""How the model was made: recipe, machine, versions, and the command that makes it again."""

from __future__ import annotations

import hashlib
import shlex
import tomllib
from typing import Any

from tenfold.native import VARIABLE
from tenfold.reporting.blocks import Section, folded, paragraph
from tenfold.reporting.findings import Findings
from tenfold.reporting.markup import Content, element, table
from tenfold.reporting.text import Text, count, number
from tenfold.training.run import RECIPE, Settings

HEADING = Text("How it was made", "怎么来的")
RECIPE_TITLE = Text("Recipe", "配方")
FIELD, VALUE = Text("field", "字段"), Text("value", "值")
MACHINE_TITLE = Text("Machine and versions", "机器和版本")
REPEAT_TITLE = Text("Make it again", "重做一遍")
REPEAT_NOTE = Text(
    "Save the recipe below as recipe.toml, then run this. The same data, engine, precision, instruction "
    "set and "
    "versions give the same weights, bit for bit.",
    "把下面的配方存成 recipe.toml，再运行这条命令。数据、引擎、精度、指令集和版本都相同，权重就逐比特相同。",
)
NETWORK, PARAMETERS = Text("network", "网络"), Text("learned numbers", "学到的数")
ENGINE, DEVICE = Text("engine", "引擎"), Text("device", "设备")
INSTRUCTIONS, THREADS = Text("instruction set", "指令集"), Text("threads", "线程")
EPOCHS, SPEED = Text("epochs trained", "训练轮数"), Text("mean speed, images/s", "平均速度，图片/秒")
SECONDS = Text("training, seconds", "训练用时，秒")
MODEL_HASH = Text("SHA-256 of the model file", "模型文件的 SHA-256")
DATA_HASH = Text("SHA-256 of the data", "数据的 SHA-256")


def making(findings: Findings) -> Section:
    """Return the recipe's fields, the machine, and how to repeat the run."""
    recipe_file = (findings.run.path / RECIPE).read_text("utf-8")
    recipe = tomllib.loads(recipe_file)
    recipe.pop("run")
    return Section(
        "making",
        HEADING,
        (
            element("h3", REPEAT_TITLE),
            paragraph(REPEAT_NOTE),
            element("pre", element("code", training_command(findings.run.settings)), tabindex="0"),
            folded(RECIPE, element("pre", element("code", recipe_file), tabindex="0")),
            element("h3", MACHINE_TITLE),
            table((FIELD, VALUE), _machine(findings), class_="words"),
            element("h3", RECIPE_TITLE),
            table((FIELD, VALUE), _fields(recipe), class_="words"),
        ),
    )


def training_command(settings: Settings) -> str:
    """Return the command that trains the same again from the recipe beside it.

    >>> training_command(Settings(data="my shoes", engine="torch", device="cpu", threads=2, size=(28, 28)))
    "tenfold train 'my shoes' --recipe recipe.toml --engine torch --device cpu --threads 2 --size 28x28"
    """
    words = ["tenfold", "train", settings.data, "--recipe", RECIPE, "--engine", settings.engine]
    words += ["--device", settings.device, "--threads", str(settings.threads)]
    words += [] if settings.size is None else ["--size", f"{settings.size[0]}x{settings.size[1]}"]
    variable = f"{VARIABLE}={settings.instruction_set} " if settings.instruction_set else ""
    return variable + shlex.join(words)


def _machine(findings: Findings) -> list[tuple[Content, Content]]:
    model, provenance = findings.model, findings.model.provenance
    model_hash = hashlib.sha256(findings.run.model_path.read_bytes()).hexdigest()
    speed, seconds = _speed_and_seconds(findings)
    rows: list[tuple[Content, Content]] = [
        (NETWORK, str(model.network)),
        (PARAMETERS, count(model.network.parameters)),
        (EPOCHS, count(provenance["epochs"])),
        (SECONDS, seconds),
        (SPEED, speed),
        (ENGINE, provenance["engine"]),
        (DEVICE, provenance["device"]),
        (INSTRUCTIONS, provenance["instruction_set"] or "–"),
        (THREADS, count(provenance["threads"])),
        (DATA_HASH, element("code", provenance["data_sha256"])),
        (MODEL_HASH, element("code", model_hash)),
    ]
    return rows + [(name, version) for name, version in provenance["versions"].items()]


def _speed_and_seconds(findings: Findings) -> tuple[str, str]:
    """Return images a second, the mean over the loss lines, and how long all epochs took at that speed."""
    lines = [record for record in findings.run.history() if "loss" in record]
    if not lines or not all(record["images_per_second"] for record in lines):
        return "–", "–"
    speed = len(lines) / sum(1 / record["images_per_second"] for record in lines)
    last = lines[-1]
    if findings.run.recipe.solver == "lbfgs":
        passes, speed = last["batch"], last["images_per_second"]  # an iteration each; since the start
    else:
        passes = last["epoch"]
    return count(round(speed)), number(round(passes * len(findings.partition.learn) / speed, 2))


def _fields(recipe: dict[str, Any], prefix: str = "") -> list[tuple[Content, Content]]:
    rows: list[tuple[Content, Content]] = []
    for name, value in recipe.items():
        if isinstance(value, dict):
            rows += _fields(value, f"{name}.")
        else:
            rows.append((element("code", prefix + name), _written(value)))
    return rows


def _written(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "–"
    if isinstance(value, bool):
        return str(value).lower()
    return number(value) if isinstance(value, float) else str(value)
