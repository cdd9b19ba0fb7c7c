"""A clip made of a photo, to try programs without a camera: python examples/demo_clip.py demo.webm [frames]"""

import math
import sys
from pathlib import Path

import av
import cv2

PHOTO = cv2.imread(str(Path(__file__).with_name("astronaut.jpg")))
FACE, SIZE, FPS, SECONDS = (225.0, 125.0), (640, 480), 25, 8
frames = int(sys.argv[2]) if len(sys.argv) > 2 else FPS * SECONDS

with av.open(sys.argv[1], "w") as clip:  # the live page's own demo was made so
    stream = clip.add_stream("libvpx-vp9", rate=FPS, options={"crf": "36", "b": "0", "cpu-used": "2"})
    stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
    for number in range(frames):
        turn = 2 * math.pi * number / (FPS * SECONDS)  # the end meets the beginning
        matrix = cv2.getRotationMatrix2D(FACE, 8 * math.sin(turn), 1.7 - 0.2 * math.cos(turn))
        matrix[:, 2] += (SIZE[0] / 2 + 25 * math.sin(2 * turn) - FACE[0], 165 - FACE[1])
        image = cv2.warpAffine(PHOTO, matrix, SIZE, borderMode=cv2.BORDER_REPLICATE)
        clip.mux(stream.encode(av.VideoFrame.from_ndarray(image, "bgr24")))
    clip.mux(stream.encode(None))
