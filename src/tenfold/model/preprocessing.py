"""How any picture becomes the network's input; a part of the model file.

A picture takes the size, the channels and the polarity of the training images, still as uint8; where these
are framed ink, as MNIST's are, a photograph is framed in the same way (`tenfold.model.photo`). An image set,
which has all this already, goes straight to normalisation: ``(pixel / 255 - mean) / std``.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from tenfold.data.image_set import mean_and_std
from tenfold.data.picture import scale
from tenfold.errors import ModelError, UsageError
from tenfold.functional import Floats
from tenfold.model.photo import Step, photo_steps
from tenfold.model.photo.framing import are_framed, ink_box_of, reaches_border

POLARITIES = ("light-on-dark", "dark-on-light", "mixed")

Photo = Literal["auto", "always", "never"]
"""Whether a picture goes through the steps for photographs; ``auto``: where it is not framed already."""


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
    ink_box : int, optional
        Where every training image is one figure of ink, of one length and centred by its mass: that length
        in pixels, 20 for MNIST. Photographs are then framed in the same way.
    """

    size: tuple[int, int]
    channels: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    polarity: str = "mixed"
    ink_box: int | None = None

    def __post_init__(self) -> None:
        if not len(self.mean) == len(self.std) == self.channels:
            raise ModelError(
                f"preprocessing: {len(self.mean)} means and {len(self.std)} deviations for "
                f"{self.channels} channels; expected one a channel"
            )
        if self.ink_box is not None and not (self.channels == 1 and 1 <= self.ink_box <= min(self.size)):
            raise ModelError(
                f"preprocessing: an ink box of {self.ink_box} pixels in {_by(self.shape)}; "
                "expected grey images, and at most their shorter side"
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
        polarity = _common_polarity(images)
        return cls(
            size=(images.shape[1], images.shape[2]),
            channels=1 if images.ndim == 3 else images.shape[3],
            mean=tuple(round(float(value), 4) for value in mean),
            std=tuple(round(float(value), 4) or 1.0 for value in std),
            polarity=polarity,
            ink_box=_ink_box(images, polarity),
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
            ink_box=values.get("ink_box"),
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

    def prepare(self, picture: NDArray[np.uint8], photo: Photo = "auto") -> NDArray[np.uint8]:
        """Turn one picture of any size into what the network takes.

        Parameters
        ----------
        picture : ndarray of uint8, shape (h, w) or (h, w, 3)
            As `tenfold.data.picture.read_picture` decodes it.
        photo : str, default "auto"
            Whether it goes through the steps for photographs, see `steps`.

        Returns
        -------
        ndarray of uint8, shape (H, W) or (H, W, 3)
            The image of the last step.

        Raises
        ------
        UsageError
            When the steps are demanded of a model whose training images were not framed ink.
        """
        return self.steps(picture, photo)[-1].image

    def steps(self, picture: NDArray[np.uint8], photo: Photo = "auto") -> list[Step]:
        """Turn one picture into what the network takes, and show how.

        Without the steps for photographs it is made grey (ITU-R 601 luma) or colour, scaled, and inverted
        when its border is dark where the training images' borders are light, or the other way round.

        Parameters
        ----------
        picture : ndarray of uint8, shape (h, w) or (h, w, 3)
            As `tenfold.data.picture.read_picture` decodes it.
        photo : str, default "auto"
            ``always`` or ``never`` goes through the steps for photographs; ``auto`` does where the training
            images are framed ink, unless the picture has their size already, and either is framed or reaches
            its own border, so that it is no figure on an empty ground.

        Returns
        -------
        list of Step
            The last is the network's input, of this preprocessing's shape. After the steps for photographs
            it is background all over where nothing is written on the picture.

        Raises
        ------
        UsageError
            When the steps are demanded of a model whose training images were not framed ink.
        """
        if photo not in get_args(Photo):
            raise UsageError(f"photo: '{photo}'; expected {', '.join(get_args(Photo))}")
        if photo == "always" and self.ink_box is None:
            raise UsageError(
                "photo: 'always', but this model's training images are not framed ink of one size; "
                "expected auto or never"
            )
        plain = [Step("picture", picture), Step("input", self._scaled(picture))]
        if photo == "never" or self.ink_box is None:
            return plain
        if photo == "auto" and picture.shape[:2] == self.size:
            image = _light_on_dark(plain[-1].image, self.polarity)
            if are_framed(image[None], self.ink_box)[0] or reaches_border(image):
                return plain
        *steps, last = photo_steps(picture, self.size, self.ink_box)
        return [*steps, Step(last.name, _light_on_dark(last.image, self.polarity))]

    def _scaled(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
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


def _ink_box(images: NDArray[np.uint8], polarity: str) -> int | None:
    if images.ndim == 4 or polarity == "mixed" or len(images) == 0:
        return None
    return ink_box_of(_light_on_dark(images, polarity))


def _light_on_dark(images: NDArray[np.uint8], polarity: str) -> NDArray[np.uint8]:
    """Invert images between the training images' polarity and light on dark; the same either way."""
    return 255 - images if polarity == "dark-on-light" else images


def _luma(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Weigh red, green and blue as ITU-R BT.601 does, in Pillow's fixed-point arithmetic."""
    from PIL import Image

    return np.asarray(Image.fromarray(picture).convert("L"))


def _by(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape))
