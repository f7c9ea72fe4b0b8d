"""Ink of any colour on paper of any colour: the mask that was drawn is the oracle."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import ndimage

from tenfold.model.photo.ink import ink_of, paper_of

DRAWN = np.zeros((160, 256), np.bool_)
DRAWN[40:120, 60:70] = DRAWN[40:50, 60:110] = DRAWN[80:90, 60:100] = True
INSIDE = ndimage.binary_erosion(DRAWN, iterations=4)  # blurring moves an edge by less
OUTSIDE = ndimage.binary_dilation(DRAWN, np.ones((3, 3)), iterations=4)
PAPER = ~OUTSIDE

colours = st.tuples(*[st.integers(0, 255)] * 3).map(np.array)


def written(paper, ink):
    return np.where(DRAWN[..., None], ink, np.broadcast_to(paper, (*DRAWN.shape, 3)).astype(np.int64))


@given(colours, colours)
def test_ink_of_any_colour_is_told_from_paper_of_any_colour(paper, colour):
    assume(np.abs(paper - colour).max() >= 40)
    ink, least = ink_of(written(paper, colour))
    assert ink[INSIDE].min() > least
    assert ink[PAPER].max() <= least


@pytest.mark.parametrize("colour", [(20, 20, 20), (200, 40, 30), (40, 60, 190)])
def test_light_may_fall_unevenly(colour):
    light = np.linspace(70, 100, 256)[:, None] * np.linspace(0.9, 1, 160)[:, None, None]
    picture = written((240, 235, 225), colour) * light / 100
    ink, least = ink_of(picture.astype(np.int64))
    assert ink[INSIDE].min() > 2 * least
    assert ink[PAPER].max() < ink[INSIDE].min() / 2


def test_a_hard_shadow_is_no_ink():
    picture = written((240, 240, 240), (240, 240, 240))
    picture[:, 120:] = 120
    ink, least = ink_of(picture)
    assert ink.max() <= least


def test_ink_counts_in_shadow_as_in_light():
    picture = np.full((256, 256, 3), 240)
    picture[:, 128:] = 120
    picture[100:110, 20:100] = 60
    picture[100:110, 150:230] = 30  # half of it in half of the light
    ink, _ = ink_of(picture)
    light, shadow = ink[105, 40:80].min(), ink[105, 170:210].min()
    assert 0.8 <= shadow / light <= 1.2


def test_paper_is_known_under_the_ink():
    darkest, lightest = paper_of(written((200, 210, 220), (10, 10, 90)))
    assert (darkest <= (200, 210, 220)).all()
    assert (lightest >= (200, 210, 220)).all()
    assert (lightest - darkest).max() <= 2
