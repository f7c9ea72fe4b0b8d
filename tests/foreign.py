"""Makers of pictures that are no digits, in the shape of MNIST's: letters drawn as its digits are, and noise.

>>> letters("AE", sizes=(48,), angles=(0,)).shape
(24, 28, 28)
"""

from itertools import product
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

LETTERS = "AEFHKMNRTWX"
SIZES, ANGLES = (24, 48, 96), (-10, 0, 10)
"""Of a letter before it is scaled, in pixels and degrees: how sharp, and how upright."""


def letters(text=LETTERS, sizes=SIZES, angles=ANGLES):
    """Draw letters in the twelve styles of DejaVu that matplotlib brings: uint8, shape (N, 28, 28)."""
    drawn = [letter(*choice) for choice in product(text, dejavu_fonts(), sizes, angles)]
    return np.stack(drawn)


def dejavu_fonts():
    """Find sans, serif and mono, upright and slanted, light and bold; not the two that hold only symbols."""
    import matplotlib

    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    return sorted(font for font in folder.glob("DejaVu*.ttf") if "Display" not in font.name)


def letter(text, font, size, angle):
    """Draw light on dark, rotate, and frame as MNIST's digits are framed: uint8, shape (28, 28)."""
    canvas = Image.new("L", (3 * size, 3 * size))
    middle = (1.5 * size, 1.5 * size)
    ImageDraw.Draw(canvas).text(middle, text, fill=255, font=ImageFont.truetype(font, size), anchor="mm")
    return framed(canvas.rotate(angle, Image.Resampling.BILINEAR))


def framed(picture):
    """Scale ink into 20 × 20 pixels, keeping its shape; centre of mass to the middle of 28 × 28."""
    ink = picture.crop(picture.getbbox())
    factor = 20 / max(ink.size)
    small = np.asarray(ink.resize([max(1, round(factor * side)) for side in ink.size], Image.Resampling.BOX))
    corner = [
        min(max(round(13.5 - np.average(np.arange(side), weights=small.sum(axis=1 - axis))), 0), 28 - side)
        for axis, side in enumerate(small.shape)
    ]
    framed = np.zeros((28, 28), np.uint8)
    framed[corner[0] : corner[0] + small.shape[0], corner[1] : corner[1] + small.shape[1]] = small
    return framed


def uniform_noise(count, shape=(28, 28), seed=0):
    """Draw every pixel from 0 to 255."""
    return np.random.default_rng(seed).integers(0, 256, (count, *shape), np.uint8)


def gaussian_noise(count, shape=(28, 28), mean=128.0, deviation=64.0, seed=0):
    """Draw every pixel around a mean, cut to 0 to 255."""
    noise = np.random.default_rng(seed).normal(mean, deviation, (count, *shape))
    return np.clip(np.rint(noise), 0, 255).astype(np.uint8)
