"""torchvision's data part: it imports beside a CPU build of torch once missing operators are declared."""

import re
from importlib import metadata
from pathlib import Path


def import_torchvision() -> None:
    """Declare the operators that the wheel registers kernels for, then import torchvision's data sets."""
    import torch

    source = Path(str(metadata.distribution("torchvision").locate_file("torchvision/_meta_registrations.py")))
    library = torch.library.Library("torchvision", "FRAGMENT")
    names = set(re.findall(r'register_(?:meta|fake)\("(?:torchvision::)?(\w+)"\)', source.read_text()))
    for name in sorted(names):
        if not hasattr(torch.ops.torchvision, name):
            library.define(f"{name}(Tensor a) -> Tensor")
    import torchvision.datasets  # noqa: F401 - imported for the caller
