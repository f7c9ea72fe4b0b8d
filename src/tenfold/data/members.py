"""Which file each image of a data set comes from, where each comes from a file of its own."""

from __future__ import annotations

import os
from pathlib import Path

from tenfold.data.idx_folder import find_idx_files
from tenfold.data.known_sets import CATALOG
from tenfold.data.listing import find_parts, list_pictures
from tenfold.data.split import stratified_indices
from tenfold.data.table import find_csv_files


def picture_paths(data: str | os.PathLike[str]) -> dict[str, list[str]]:
    """List the picture files of a data set that `tenfold.data.catalog.load_data` has read.

    Parameters
    ----------
    data : str or path-like
        Catalog name or path.

    Returns
    -------
    dict of str to list of str
        By split, in the order of its images; empty for all but folders of class folders.
    """
    root = Path(data)
    if (isinstance(data, str) and data in CATALOG) or not root.is_dir():
        return {}
    if find_idx_files(root) or find_csv_files(root):
        return {}
    folders = find_parts(root) or {"train": root}
    listings = {role: list_pictures(folder) for role, folder in folders.items()}
    if "test" not in listings and "validation" in listings:
        listings["test"] = listings.pop("validation")
    if "test" in listings:
        return {role: listing.paths for role, listing in listings.items()}
    everything = listings["train"].paths
    parts = zip(("train", "test"), stratified_indices(listings["train"].labels), strict=True)
    return {role: [everything[place] for place in places] for role, places in parts}
