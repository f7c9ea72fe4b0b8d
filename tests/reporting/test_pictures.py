import base64
import io
import re

import numpy as np
import pytest
from PIL import Image

from tenfold.reporting.pictures import GAP, LARGEST, picture, strip


def decoded(markup):
    content = re.search(r'src="data:image/png;base64,([^"]+)"', markup)[1]
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(content))))


@pytest.mark.parametrize("shape", [(8, 6), (8, 6, 3)])
def test_a_small_picture_keeps_every_pixel(shape):
    image = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    markup = picture(image, 'a "quoted" <name>')
    assert (decoded(markup) == image).all()
    assert 'alt="a &quot;quoted&quot; &lt;name&gt;" width="6" height="8"' in markup


def test_a_large_picture_is_made_smaller_and_keeps_its_shape():
    assert decoded(picture(np.full((400, 200), 7, np.uint8), "")).shape == (LARGEST, LARGEST // 2)


@pytest.mark.parametrize("shape", [(3, 5, 4), (3, 5, 4, 3)])
def test_a_strip_holds_its_images_side_by_side_with_clear_gaps(shape):
    images = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    row = decoded(strip(images, "ant"))
    assert row.shape == (5, 3 * 4 + 2 * GAP, 4)
    for place, image in enumerate(images):
        cell = row[:, place * (4 + GAP) :][:, :4]
        assert (cell[..., :3] == (image if image.ndim == 3 else image[..., np.newaxis])).all()
        assert (cell[..., 3] == 255).all()
    assert (row[:, 4 : 4 + GAP, 3] == 0).all()
