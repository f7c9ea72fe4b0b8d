"""From files to image sets: IDX, folders of pictures, tables, and a catalog of known sets."""
