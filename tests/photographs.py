"""A seeded maker of photographs: ink on paper, chalk on a board, light on a screen, as a telephone sees them.

>>> photograph = take_photograph(digit_of_strokes(5, 0), np.random.default_rng(0))
>>> photograph.shape[2]
3
"""

import io

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

INKS = ("dark", "coloured", "pencil", "crayon", "chalk")
PAPERS = ("plain", "lined", "squared")

# One hand a line: strokes of points (per cent of a box, y downwards); a smooth curve goes through them.
HANDS = {
    0: [
        ["50,0 20,12 5,45 15,85 45,100 80,88 95,50 82,12 50,0"],
        ["60,3 25,15 8,50 20,88 50,99 82,80 92,45 75,8 48,2"],
        ["45,5 15,30 12,70 40,98 75,85 88,40 65,5 40,4"],
        ["70,8 40,0 12,28 4,62 25,96 62,98 92,66 94,30 66,6 55,10"],
        ["50,0 28,20 22,50 28,82 50,100 72,80 78,50 70,18 50,0"],
        ["55,2 15,8 2,50 20,95 60,98 96,60 85,15 50,2"],
    ],
    1: [
        ["50,0 50,35 50,70 50,100"],
        ["30,22 44,12 56,0", "56,0 55,50 54,100"],
        ["60,0 55,35 48,70 42,100"],
        ["22,30 42,14 58,0", "58,0 58,50 58,100", "28,100 58,100 86,100"],
        ["15,42 40,20 60,0", "60,0 58,50 56,100"],
        ["42,0 46,40 50,75 54,100"],
    ],
    2: [
        ["8,25 22,5 55,0 82,18 78,42 45,70 5,99", "5,99 50,97 95,100"],
        ["12,20 40,0 80,10 82,38 52,62 20,85 10,98 30,90 60,97 98,95"],
        ["15,18 50,2 78,25 62,55 30,80 8,100", "8,100 50,100 92,98"],
        ["5,28 28,4 68,3 86,30 65,58 35,78 12,92 18,100 35,88 65,98 95,88"],
        ["20,15 52,0 85,15 80,40 55,65 12,100", "12,100 55,99 90,100"],
        ["10,12 48,0 76,16 72,42 40,74 12,98", "12,98 48,94 88,98"],
    ],
    3: [
        ["10,10 45,0 80,14 72,38 40,47", "40,47 80,58 86,84 50,100 8,90"],
        ["15,5 60,0 78,20 60,42 35,46 70,52 88,75 65,97 12,95"],
        ["12,2 48,2 85,2", "85,2 62,25 42,42", "42,42 80,52 84,80 50,99 10,92"],
        ["18,15 50,1 80,18 66,42 42,48 76,56 82,82 48,100 14,86"],
        ["8,14 40,0 74,10 76,32 44,46 84,60 80,90 42,100 6,88"],
        ["20,8 55,0 82,22 55,45 78,62 80,85 55,100 15,95"],
    ],
    4: [
        ["60,0 35,35 8,68", "8,68 50,68 95,66", "68,38 66,70 64,100"],
        ["18,2 15,28 14,52", "14,52 50,54 88,50", "80,0 76,50 72,100"],
        ["70,0 40,32 8,64", "8,64 50,65 95,62", "70,0 70,50 68,100"],
        ["25,0 18,30 20,50 50,56 82,46", "85,2 80,50 76,100"],
        ["55,0 30,30 5,62", "5,62 50,60 92,60", "72,30 70,65 70,100"],
        ["20,5 12,35 22,52 55,50 80,42", "82,0 82,50 80,100"],
    ],
    5: [
        ["85,2 55,3 22,2", "22,2 18,22 15,44", "15,44 50,36 84,52 84,82 50,100 10,92"],
        ["25,5 20,25 18,45 55,38 85,60 75,92 40,100 8,88", "25,5 55,4 88,0"],
        ["80,0 50,2 25,4", "25,4 22,25 20,42", "20,42 60,40 82,65 64,95 12,96"],
        ["90,4 60,2 30,6 24,25 20,42 52,38 80,56 80,84 46,100 12,90"],
        ["30,8 25,28 22,46 58,42 80,62 68,94 15,98", "34,2 60,0 90,2"],
        ["82,0 52,0 24,1", "24,1 20,22 18,40", "18,40 56,34 86,58 78,90 44,100 6,90"],
    ],
    6: [
        ["70,0 35,20 12,55 15,88 48,100 82,85 82,60 52,48 20,65"],
        ["60,2 28,30 10,68 30,98 70,96 85,70 62,52 28,60 14,78"],
        ["75,5 40,15 15,50 12,80 40,100 76,92 80,66 50,52 18,70"],
        ["50,0 25,32 14,70 36,98 72,90 76,64 46,54 18,74"],
        ["80,4 48,8 20,40 10,76 38,100 78,94 88,66 58,50 16,68"],
        ["55,0 30,25 15,60 24,92 58,100 82,78 64,56 34,60 18,80"],
    ],
    7: [
        ["5,5 50,3 92,2", "92,2 65,45 42,100"],
        ["8,4 50,2 90,4", "90,4 64,48 40,100", "30,50 56,48 84,46"],
        ["6,22 8,6 50,4 90,3", "90,3 60,50 46,100"],
        ["10,2 50,6 88,0", "88,0 70,40 60,70 54,100"],
        ["5,10 28,2 60,8 94,2", "94,2 66,42 48,100", "38,52 60,50 80,50"],
        ["12,4 50,2 86,4", "86,4 62,52 34,100"],
    ],
    8: [
        ["80,12 48,0 20,18 42,44 78,64 76,90 45,100 16,86 26,62 60,42 80,14"],
        ["50,0 22,10 24,36 50,46 76,34 76,10 50,0", "50,46 14,60 14,90 50,100 86,90 86,60 50,46"],
        ["76,8 40,2 22,22 50,46 80,72 62,98 26,96 18,72 48,48 74,24 72,6"],
        ["55,0 28,8 26,32 54,48 82,70 70,96 34,100 16,80 40,54 74,30 76,8 52,0"],
        ["50,2 26,14 30,38 52,48 72,38 76,12 48,2", "50,48 20,62 22,92 52,100 80,88 76,60 50,48"],
        ["84,10 52,1 24,14 36,40 72,60 82,84 52,100 18,88 20,68 56,46 86,16"],
    ],
    9: [
        ["80,15 50,0 18,18 22,46 55,52 80,30 82,10", "82,10 78,55 70,100"],
        ["78,20 50,2 20,14 16,40 44,54 74,38 80,8", "80,8 80,50 72,84 40,100 14,90"],
        ["75,10 42,2 16,26 30,52 64,46 80,14", "80,14 72,60 62,100"],
        ["84,18 58,0 26,12 18,40 46,52 78,34 84,14 78,60 66,98"],
        ["70,4 36,4 16,28 34,50 66,42 76,12", "76,12 78,55 76,100"],
        ["82,24 60,2 28,6 14,34 36,54 70,44 84,16 84,56 68,90 30,100"],
    ],
}


def digit_of_strokes(digit, hand, thickness=0.09, side=400):
    """Draw a digit as a hand would; float ink from 0 to 1, shape (side, side)."""
    scale, margin = 4, 0.15
    page = Image.new("L", (side * scale // 2, side * scale // 2))
    draw, unit = ImageDraw.Draw(page), page.width * (1 - 2 * margin)
    radius = thickness * unit / 2
    for stroke in HANDS[digit][hand]:
        points = np.array([point.split(",") for point in stroke.split()], float) / 100
        for x, y in _smooth(points) * (0.72, 1) * unit + margin * page.width + (0.14 * unit, 0):
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
    return np.asarray(page.resize((side, side), Image.Resampling.BOX)) / 255


def _smooth(points, steps=60):
    """Follow a Catmull-Rom spline through the points."""
    ends = np.concatenate([2 * points[:1] - points[1:2], points, 2 * points[-1:] - points[-2:-1]])
    t = np.linspace(0, 1, steps)[:, None]
    pieces = []
    for a, b, c, d in zip(ends, ends[1:], ends[2:], ends[3:], strict=False):
        cubic = 2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3
        pieces.append(cubic / 2)
    return np.concatenate(pieces)


def enlarged(image, side=400):
    """Turn a small grey image, light on dark, into ink with sharp edges; float, shape (side, side)."""
    large = Image.fromarray(image).resize((side, side), Image.Resampling.BICUBIC)
    smooth = np.asarray(large.filter(ImageFilter.GaussianBlur(side / 150))) / 255
    return np.clip((smooth - 0.4) * 6 + 0.5, 0, 1)


def take_photograph(ink, random, *, kind="dark", paper="plain", light_on_dark=False):
    """Put ink on paper and photograph it.

    Parameters
    ----------
    ink : ndarray of float, shape (side, side)
        1 where there is ink.
    random : numpy.random.Generator
        Decides on place, size, turn (15 degrees at most), colours, light, noise and JPEG quality.
    kind : str
        One of `INKS`; chalk is on a board whatever ``light_on_dark`` says.
    paper : str
        One of `PAPERS`.
    light_on_dark : bool
        A board or a screen instead of paper.

    Returns
    -------
    ndarray of uint8, shape (height, width, 3)
    """
    height, width = (int(side) for side in random.integers(420, 900, 2))
    placed = _placed(ink, height, width, random)
    if kind in ("pencil", "crayon", "chalk"):
        grain = _noise(height, width, random.uniform(1.2, 2.5), random)
        placed = placed * np.clip(0.75 + random.uniform(0.15, 0.4) * grain, 0, 1)
    dark_page = light_on_dark or kind == "chalk"
    page = _page_colour(dark_page, random) * np.ones((height, width, 1))
    rules = _rules(paper, height, width, random)
    rule_colour = page[0, 0] + (-1, 1)[dark_page] * random.uniform(25, 80) * random.uniform(0.4, 1, 3)
    page += rules[..., None] * (rule_colour - page)
    page += placed[..., None] * (_ink_colour(kind, dark_page, page.mean((0, 1)), random) - page)
    page *= _light(height, width, random)[..., None]
    return _developed(page, random)


def _placed(ink, height, width, random):
    """Turn the ink, scale it and put it anywhere inside."""
    size = int(random.uniform(0.35, 0.8) * min(height, width))
    turned = Image.fromarray((255 * ink).astype(np.uint8)).resize((size, size), Image.Resampling.BILINEAR)
    turned = turned.rotate(random.uniform(-15, 15), Image.Resampling.BICUBIC)
    page = np.zeros((height, width))
    top, left = random.integers(0, height - size + 1), random.integers(0, width - size + 1)
    page[top : top + size, left : left + size] = np.asarray(turned) / 255
    return page


def _noise(height, width, radius, random):
    """Return smooth noise of mean 0 and deviation 1."""
    rough = Image.fromarray(random.integers(0, 256, (height, width), np.uint8))
    smooth = np.asarray(rough.filter(ImageFilter.BoxBlur(radius))).astype(float)
    return (smooth - smooth.mean()) / smooth.std()


def _page_colour(dark, random):
    return random.uniform(20, 70, 3) if dark else random.uniform(205, 250) - random.uniform(0, 30, 3)


def _ink_colour(kind, dark_page, page, random):
    if kind == "chalk" or (dark_page and kind in ("dark", "pencil")):
        strength = 0.6 if kind == "pencil" else 1.0
        return page + strength * random.uniform(130, 180) * random.uniform(0.85, 1, 3)
    if kind in ("coloured", "crayon"):
        hue = random.permuted([random.uniform(150, 230), random.uniform(0, 110), random.uniform(10, 60)])
        return hue + 90 if dark_page else hue
    return page * random.uniform(0.5, 0.68) if kind == "pencil" else random.uniform(10, 60, 3)


def _rules(paper, height, width, random):
    """Draw printed lines, a little askew; 1 where a line is."""
    if paper == "plain":
        return np.zeros((height, width))
    y, x = np.mgrid[:height, :width]
    turn, step = random.uniform(-0.06, 0.06), random.uniform(0.05, 0.12) * max(height, width)
    thickness = random.uniform(1.0, 3.0)
    across = (y + turn * x + random.uniform(0, step)) % step < thickness
    if paper == "squared":
        across |= (x - turn * y + random.uniform(0, step)) % step < thickness
    return across.astype(float)


def _light(height, width, random):
    """Return a slope, a vignette and a soft shadow, as a factor of each pixel."""
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    direction = random.uniform(0, 2 * np.pi)
    slope = 1 - random.uniform(0, 0.3) * (np.cos(direction) * x + np.sin(direction) * y + 1.4) / 2.8
    vignette = 1 - random.uniform(0, 0.2) * (x**2 + y**2) / 2
    edge = np.cos(direction + 1) * x + np.sin(direction + 1) * y - random.uniform(-0.5, 0.8)
    shadow = 1 - random.uniform(0, 0.35) / (1 + np.exp(-edge / random.uniform(0.05, 0.3)))
    return slope * vignette * shadow


def _developed(page, random):
    """Blur, add noise and code as JPEG."""
    picture = Image.fromarray(np.clip(page, 0, 255).astype(np.uint8))
    blurred = np.asarray(picture.filter(ImageFilter.GaussianBlur(random.uniform(0, 2)))).astype(float)
    noisy = blurred + random.normal(0, random.uniform(0, 6), page.shape)
    file = io.BytesIO()
    Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8)).save(
        file, "JPEG", quality=int(random.integers(50, 95))
    )
    return np.asarray(Image.open(file))
