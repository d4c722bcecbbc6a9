"""Draws the images of configs/data/shapes: python -m tests.data.draw_shapes configs/data/shapes."""

import math
import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

COUNT = 120
SIDE = 32
# Drawn so much larger, for smooth edges.
ZOOM = 8
COLORS = 24
CORNERS = {"circle": 0, "square": 4, "star": 5, "triangle": 3}
# Of the radius, so that the bright area does not tell the shape.
SCALE = {"circle": 0.75, "square": 0.9, "star": 1.15, "triangle": 1.1}


def draw(name: str, rng: np.random.Generator) -> Image.Image:
    """Return one shape in a random place, size, color and angle on a noisy background."""
    color = rng.uniform(60, 255, 3)
    background = rng.uniform(0, 110, 3)
    while abs(color.mean() - background.mean()) < 70:
        color, background = rng.uniform(60, 255, 3), rng.uniform(0, 110, 3)
    radius = rng.uniform(8, 12) * SCALE[name]
    x, y = rng.uniform(radius + 1, SIDE - radius - 1, 2)
    mask = Image.new("L", (SIDE * ZOOM, SIDE * ZOOM))
    pen = ImageDraw.Draw(mask)
    corners, angle = CORNERS[name], rng.uniform(0, 2 * math.pi)
    if corners == 0:
        box = [(x - radius) * ZOOM, (y - radius) * ZOOM, (x + radius) * ZOOM, (y + radius) * ZOOM]
        pen.ellipse(box, fill=255)
    else:
        count = 2 * corners if name == "star" else corners
        radii = [radius * (0.45 if name == "star" and i % 2 else 1) for i in range(count)]
        turns = [angle + 2 * math.pi * i / count for i in range(count)]
        points = [
            ((x + r * math.cos(t)) * ZOOM, (y + r * math.sin(t)) * ZOOM)
            for r, t in zip(radii, turns, strict=True)
        ]
        pen.polygon(points, fill=255)
    share = np.asarray(mask.resize((SIDE, SIDE), Image.Resampling.BOX))[..., None] / 255
    pixels = share * color + (1 - share) * background + rng.normal(0, 6, (SIDE, SIDE, 3))
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).quantize(COLORS)


def main(folder: Path) -> None:
    """Write COUNT images of each shape."""
    for number, name in enumerate(CORNERS):
        rng = np.random.default_rng(number)
        (folder / name).mkdir(parents=True, exist_ok=True)
        for index in range(COUNT):
            draw(name, rng).save(folder / name / f"{name}_{index:02}.png", optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
