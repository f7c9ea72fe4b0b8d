"""Where a figure was measured: the machine and the versions, in words."""

import os
import platform
import re
from importlib import metadata
from pathlib import Path


def machine() -> str:
    """Name the processor, its cores at hand, its vector instructions, the system and Python."""
    model, sets = platform.processor() or platform.machine(), ""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        text = cpuinfo.read_text()
        if found := re.search(r"model name\s*: (.+)", text):
            model = found[1]
        known = ("avx2", "avx512f", "avx512_bf16", "amx_bf16")
        flags = set(found[1].split()) if (found := re.search(r"flags\s*: (.+)", text)) else set()
        sets = " (" + " ".join(name for name in known if name in flags) + ")"
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    system = f"{platform.system()} {platform.release().partition('-')[0]}"
    return f"{model}{sets}, {cores} cores, {system}, Python {platform.python_version()}"


def versions(packages: tuple[str, ...]) -> str:
    """Name the installed versions of some packages."""
    found = []
    for package in packages:
        try:
            found.append(f"{package} {metadata.version(package)}")
        except metadata.PackageNotFoundError:
            found.append(f"{package} not installed")
    return ", ".join(found)
