"""Pictures to measure the finding of faces on: textures without a face, and small faces pasted onto them.

All are made from a seed, the real ones from what lies inside the scikit-image wheel (nothing is fetched).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import skimage.data
from numpy.typing import NDArray
from PIL import Image

from mien import geometry, images
from mien.types import Box, ImageArray

WIDTH, HEIGHT = 640, 480
# Pictures of the wheel with no human face in them. Left out: astronaut, camera (people), coins (portraits).
REAL = ("brick", "grass", "gravel", "coffee", "chelsea", "moon", "rocket", "hubble_deep_field", "motorcycle_left",
        "retina", "ihc", "page", "text", "clock_motion", "cell", "horse")  # fmt: skip
HEAD = (1.8, 2.2)  # width and height of a pasted head, in units of its face's box side
GREY = 118  # mid-grey for what lies outside a turned photo


@dataclass(frozen=True, eq=False)
class Scene:
    """A picture with its name and the faces that are truly in it."""

    name: str
    image: ImageArray
    boxes: tuple[Box, ...] = ()


def real_picture(name: str) -> ImageArray:
    """A picture that lies inside the scikit-image wheel: (H, W, 3) RGB."""
    folder = Path(skimage.data.__file__).parent
    path = next(folder / (name + end) for end in (".png", ".jpg") if (folder / (name + end)).exists())
    return np.asarray(Image.open(path).convert("RGB"))


def _grid(width: int, height: int, angle_deg: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Turned coordinates of all pixels."""
    y, x = np.mgrid[:height, :width].astype(np.float64)
    cos, sin = math.cos(math.radians(angle_deg)), math.sin(math.radians(angle_deg))
    return x * cos + y * sin, y * cos - x * sin


def _blend(share: NDArray[np.float64], random: np.random.Generator) -> ImageArray:
    """A pattern of 0..1 drawn between two random colours, with a little sensor noise."""
    a, b = random.uniform(0, 255, (2, 3))
    picture = a + (b - a) * share[..., None] + random.normal(0, 3, (*share.shape, 3))
    return np.clip(picture, 0, 255).astype(np.uint8)


def stripes(random: np.random.Generator, angle_deg: float, period: float) -> ImageArray:
    """Stripes with hard or soft edges."""
    along, _ = _grid(WIDTH, HEIGHT, angle_deg)
    wave = np.sin(along * 2 * math.pi / period) * random.choice([1, 4, 50])
    return _blend(np.clip(wave, -1, 1) / 2 + 0.5, random)


def checks(random: np.random.Generator, angle_deg: float, period: float) -> ImageArray:
    """A chessboard, turned."""
    u, v = _grid(WIDTH, HEIGHT, angle_deg)
    return _blend(((u // period + v // period) % 2).astype(np.float64), random)


def plaid(random: np.random.Generator, angle_deg: float, period: float) -> ImageArray:
    """A tartan: bands of random widths and colours, crossed."""
    u, v = _grid(WIDTH, HEIGHT, angle_deg)
    edges = np.sort(random.uniform(0, 1, 7))
    colours = random.uniform(0, 255, (8, 3))
    bands = [colours[np.searchsorted(edges, (axis / period) % 1)] for axis in (u, v)]
    weave = ((u + v) // 2 % 2)[..., None] if random.random() < 0.5 else 0.5
    return np.clip(bands[0] * weave + bands[1] * (1 - weave), 0, 255).astype(np.uint8)


def blinds(random: np.random.Generator, angle_deg: float, period: float) -> ImageArray:
    """Slats with a shadow each, lit from one side, cords across."""
    u, v = _grid(WIDTH, HEIGHT, angle_deg)
    light = ((v / period) % 1) ** random.uniform(0.3, 3) * (0.5 + 0.5 * u / np.abs(u).max())
    light[np.abs(u % (period * 6)) < 3] = random.random()
    return _blend(np.clip(light, 0, 1), random)


def noise(random: np.random.Generator, angle_deg: float, period: float) -> ImageArray:
    """Noise of one octave or of many."""
    total = np.zeros((HEIGHT, WIDTH))
    for octave in range(random.integers(1, 6)):
        cell = max(1.0, period / 2**octave)
        small = random.random((math.ceil(HEIGHT / cell) + 1, math.ceil(WIDTH / cell) + 1, 1)).astype(np.float32)
        total += cv2.resize(small, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC) / 2**octave
    return _blend((total - total.min()) / np.ptp(total), random)


def bricks(random: np.random.Generator, angle_deg: float, period: float) -> ImageArray:
    """A wall: rows shifted by half a brick, each brick with a shade of its own."""
    u, v = _grid(WIDTH, HEIGHT, angle_deg)
    row = np.floor(v / period).astype(int)
    place = u / (2 * period) + row / 2
    shade = random.random((64, 64))[row % 64, np.floor(place).astype(int) % 64]
    mortar = ((v / period) % 1 < 0.12) | (place % 1 < 0.06)
    return _blend(np.where(mortar, 1.0, shade * 0.6), random)


def discs(random: np.random.Generator, angle_deg: float, period: float) -> ImageArray:
    """Ellipses thrown over each other, some with two dots and a bar: what is nearest to a face without being one."""
    picture = np.full((HEIGHT, WIDTH, 3), random.integers(0, 255, 3), np.uint8)
    for _ in range(int(60 * 32 / period)):
        middle = random.uniform((0, 0), (WIDTH, HEIGHT)).astype(int).tolist()
        axes = (random.uniform(0.3, 1.2, 2) * period).astype(int).tolist()
        colour = random.integers(0, 255, 3).tolist()
        cv2.ellipse(picture, middle, axes, angle_deg + random.uniform(-20, 20), 0, 360, colour, -1, cv2.LINE_AA)
    return picture


def facade(random: np.random.Generator, angle_deg: float, period: float) -> ImageArray:
    """Windows in rows, some lit."""
    u, v = _grid(WIDTH, HEIGHT, angle_deg)
    inside = ((u / period) % 1 > random.uniform(0.2, 0.6)) & ((v / period / 1.4) % 1 > random.uniform(0.2, 0.6))
    lit = random.random((64, 64))[np.floor(v / period / 1.4).astype(int) % 64, np.floor(u / period).astype(int) % 64]
    return _blend(np.where(inside, lit, 0.2), random)


KINDS = (stripes, checks, plaid, blinds, noise, bricks, discs, facade)


def faceless(count: int, *, seed: int = 0) -> Iterator[Scene]:
    """`count` pictures without a face, two thirds generated, one third real texture: cut, scaled, turned, tinted."""
    for index in range(count):
        random = np.random.default_rng((seed, index))
        if index % 3 == 2:
            name = REAL[index // 3 % len(REAL)]
            yield Scene(f"{name} {index}", _piece(real_picture(name), random))
        else:
            kind = KINDS[(index - index // 3) % len(KINDS)]
            angle, period = float(random.uniform(0, 180)), float(np.exp(random.uniform(math.log(5), math.log(160))))
            yield Scene(f"{kind.__name__} {index}: {angle:.0f} deg, {period:.0f} px", kind(random, angle, period))


def _piece(picture: ImageArray, random: np.random.Generator) -> ImageArray:
    """A piece of a picture, 640 x 480, turned by 0, 90, 180 or 270 degrees, in another light."""
    picture = np.rot90(picture, random.integers(4))
    height, width = picture.shape[:2]
    across = min(width, height * WIDTH / HEIGHT) * random.uniform(0.4, 1)
    down = across * HEIGHT / WIDTH
    x, y = random.uniform(0, width - across), random.uniform(0, height - down)
    piece = picture[int(y) : int(y + down), int(x) : int(x + across)]
    piece = cv2.resize(piece, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    return np.clip(piece * random.uniform(0.7, 1.3, 3), 0, 255).astype(np.uint8)


def turned(image: ImageArray, box: Box, roll_deg: float) -> Scene:
    """A photo turned clockwise about its middle on a canvas that holds it whole, and its face's box there."""
    height, width = image.shape[:2]
    size = math.ceil(math.hypot(width, height))
    matrix = geometry.square_to_pixels((width / 2, height / 2), size, -roll_deg, size)
    shifted = matrix.copy()
    shifted[:, 2] += matrix[:, :2].sum(1) / 2 - 0.5
    canvas = cv2.warpAffine(image, shifted, (size, size), borderValue=(GREY, GREY, GREY))
    x, y = geometry.apply(matrix, [box.centre])[0]
    half = box.side / 2
    return Scene(f"{roll_deg:.0f} deg", np.asarray(canvas), (Box(x - half, y - half, x + half, y + half),))


def pasted(
    faces: list[tuple[ImageArray, Box]], size: tuple[int, int], face_px: float, *, roll_deg: float, seed: int
) -> Scene:
    """A textured or photo-like background with each of `faces` (photo, box) pasted once, its box `face_px` high.

    A face's size is the longer side of its upright box, brow to chin. Heads are cut out by a soft ellipse of
    HEAD boxes, hair and neck but no shoulders, turned by `roll_deg`, and lie anywhere, not over each other.
    """
    random = np.random.default_rng((seed, round(roll_deg)))
    width, height = size
    scene = cv2.resize(_background(seed), (width, height), interpolation=cv2.INTER_CUBIC)
    boxes: list[Box] = []
    while len(boxes) < len(faces):
        x, y = random.uniform((face_px, face_px), (width - face_px, height - face_px))
        if all(math.hypot(x - b.centre[0], y - b.centre[1]) > 2.5 * face_px for b in boxes):
            scene = _paste(scene, faces[len(boxes)], (x, y), face_px, roll_deg)
            boxes.append(Box(x - face_px / 2, y - face_px / 2, x + face_px / 2, y + face_px / 2))
    return Scene(f"{face_px:.0f} px, {roll_deg:.0f} deg", scene, tuple(boxes))


def _background(seed: int) -> ImageArray:
    """What faces are pasted onto: a piece of a real picture, every third time a generated one."""
    random = np.random.default_rng(seed)
    if seed % 3:
        return _piece(real_picture(REAL[seed % len(REAL)]), random)
    return KINDS[seed // 3 % len(KINDS)](random, float(random.uniform(0, 180)), float(random.uniform(10, 100)))


def _paste(
    scene: ImageArray, face: tuple[ImageArray, Box], middle: tuple[float, float], face_px: float, roll_deg: float
) -> ImageArray:
    """A copy of the scene with one head laid over it."""
    photo, box = face
    patch = round(max(HEAD) * face_px)
    x, y = box.centre
    # The photo is averaged down without aliasing, as a camera would.
    matrix = geometry.square_to_pixels((x, y), patch / face_px * box.side, -roll_deg, patch * 4)
    cut = cv2.resize(images.warp(photo, matrix, patch * 4), (patch, patch), interpolation=cv2.INTER_AREA)
    u, v = _grid(patch, patch, -roll_deg)
    u, v = u - u.mean(), v - v.mean()
    share = np.clip((1 - 2 / face_px * np.hypot(u / HEAD[0], v / HEAD[1])) * 8, 0, 1)[..., None]
    left, top = round(middle[0] - patch / 2), round(middle[1] - patch / 2)
    rows, columns = slice(max(0, top), top + patch), slice(max(0, left), left + patch)
    out = scene.copy()
    under = out[rows, columns]
    part = (slice(max(0, -top), max(0, -top) + under.shape[0]), slice(max(0, -left), max(0, -left) + under.shape[1]))
    out[rows, columns] = np.round(cut[part] * share[part] + under * (1 - share[part])).astype(np.uint8)
    return out
