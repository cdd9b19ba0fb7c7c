"""Draw what was read onto a photo: python examples/annotate.py PHOTO OUT.png"""

import sys

import numpy as np
from PIL import Image, ImageOps

import mien

photo, out = sys.argv[1:]
pixels = np.asarray(ImageOps.exif_transpose(Image.open(photo)).convert("RGB"))  # (H, W, 3) uint8, RGB
reading = mien.Reader().read(pixels)
Image.fromarray(mien.draw_reading(pixels, reading)).save(out)
print(f"{len(reading.faces)} face(s): {out}")
