"""How any picture becomes the network's input; a part of the model file.

A picture takes the size, the channels and the polarity of the training images, still as uint8; an image
set, which has them already, goes straight to normalisation: ``(pixel / 255 - mean) / std``.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tenfold.data.image_set import mean_and_std
from tenfold.data.picture import scale
from tenfold.errors import ModelError
from tenfold.functional import Floats

POLARITIES = ("light-on-dark", "dark-on-light", "mixed")


@dataclass(frozen=True)
class Preprocessing:
    """Size, channels, polarity and scale of what a network was trained on.

    Parameters
    ----------
    size : tuple of int
        Height and width in pixels.
    channels : int
        1 for grey, 3 for red, green, blue.
    mean, std : tuple of float
        Of the training pixels of each channel, as fractions of 255, rounded to four decimals.
    polarity : str
        ``light-on-dark``, ``dark-on-light``, or ``mixed`` where the training images do not agree.
    """

    size: tuple[int, int]
    channels: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    polarity: str = "mixed"

    def __post_init__(self) -> None:
        if not len(self.mean) == len(self.std) == self.channels:
            raise ModelError(
                f"preprocessing: {len(self.mean)} means and {len(self.std)} deviations for "
                f"{self.channels} channels; expected one a channel"
            )

    @classmethod
    def fitted(cls, images: NDArray[np.uint8]) -> Preprocessing:
        """Measure the training images.

        Parameters
        ----------
        images : ndarray of uint8, shape (N, H, W) or (N, H, W, C)
            The training images. MNIST gives the lecture's mean 0.1307 and standard deviation 0.3081.
        """
        mean, std = mean_and_std(images)
        return cls(
            size=(images.shape[1], images.shape[2]),
            channels=1 if images.ndim == 3 else images.shape[3],
            mean=tuple(round(float(value), 4) for value in mean),
            std=tuple(round(float(value), 4) or 1.0 for value in std),
            polarity=_common_polarity(images),
        )

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Preprocessing:
        """Read what `to_dict` gives."""
        return cls(
            size=(int(values["size"][0]), int(values["size"][1])),
            channels=int(values["channels"]),
            mean=tuple(map(float, values["mean"])),
            std=tuple(map(float, values["std"])),
            polarity=str(values["polarity"]),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, as JSON holds them."""
        return asdict(self)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one image: (H, W), or (H, W, C) in colour."""
        return self.size if self.channels == 1 else (*self.size, self.channels)

    @property
    def features(self) -> int:
        """Numbers that one image becomes: H × W × C."""
        return self.size[0] * self.size[1] * self.channels

    def prepare(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Give one picture of any size the shape and polarity of the training images.

        Parameters
        ----------
        picture : ndarray of uint8, shape (h, w) or (h, w, 3)
            As `tenfold.data.picture.read_picture` decodes it.

        Returns
        -------
        ndarray of uint8, shape (H, W) or (H, W, 3)
            Made grey (ITU-R 601 luma) or colour, scaled, and inverted when its border is dark where
            the training images' borders are light, or the other way round.
        """
        if self.channels == 1 and picture.ndim == 3:
            picture = _luma(picture)
        elif self.channels == 3 and picture.ndim == 2:
            picture = np.repeat(picture[..., np.newaxis], 3, axis=2)
        if picture.shape[:2] != self.size:
            picture = scale(picture, self.size)
        if self.polarity != "mixed" and (self.polarity == "light-on-dark") == _light_border(picture[None])[0]:
            picture = 255 - picture
        return picture

    def check(self, images: NDArray[np.uint8]) -> None:
        """Refuse images that are not uint8 of this preprocessing's shape.

        Raises
        ------
        ModelError
            When the images have another shape or type.
        """
        if images.shape[1:] != self.shape or images.dtype != np.uint8:
            mend = f"--size {self.size[0]}x{self.size[1]} scales every picture"
            if images.shape[1:3] == self.size:
                mend = "it was trained on grey images" if self.channels == 1 else "it was trained in colour"
            raise ModelError(
                f"images are {images.dtype} {_by(images.shape[1:])}; "
                f"this model expects uint8 {_by(self.shape)}: {mend}"
            )

    def normalise(self, images: NDArray[np.uint8]) -> Floats:
        """Turn images into the network's input rows.

        Parameters
        ----------
        images : ndarray of uint8, shape (N, H, W) or (N, H, W, C)
            Of this preprocessing's shape.

        Returns
        -------
        ndarray of float32, shape (N, features)
            Row-major, channels last.

        Raises
        ------
        ModelError
            When the images have another shape or type.
        """
        self.check(images)
        rows = images.astype(np.float32)
        rows /= 255
        rows -= np.array(self.mean, np.float32)
        rows /= np.array(self.std, np.float32)
        return rows.reshape(len(images), self.features)


def _light_border(images: NDArray[np.uint8]) -> NDArray[np.bool_]:
    border = np.concatenate([images[:, 0], images[:, -1], images[:, :, 0], images[:, :, -1]], axis=1)
    if border.max(initial=0) < 128:
        return np.zeros(len(images), np.bool_)
    light: NDArray[np.bool_] = border.reshape(len(images), -1).mean(axis=1) >= 128
    return light


def _common_polarity(images: NDArray[np.uint8]) -> str:
    """Judge by the borders, which must all agree: no training image is ever inverted."""
    light = _light_border(images)
    if light.all():
        return "dark-on-light"
    return "mixed" if light.any() else "light-on-dark"


def _luma(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Weigh red, green and blue as ITU-R BT.601 does, in the fixed-point arithmetic of Pillow."""
    red, green, blue = np.moveaxis(picture.astype(np.uint32), 2, 0)
    luma: NDArray[np.uint32] = (19595 * red + 38470 * green + 7471 * blue + 0x8000) >> 16
    return luma.astype(np.uint8)


def _by(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape))
