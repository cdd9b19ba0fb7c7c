"""Frames to a running `mien live`, words back: python examples/live_client.py http://127.0.0.1:8765 clip.mp4"""

import sys

import mien
from mien.media.sources import open_source
from mien.web.client import LiveClient

address, clip = sys.argv[1:3]  # the clip stands in for the camera of glasses, or of a robot

try:
    with LiveClient(address) as live, open_source(clip) as frames:
        said = ""
        for frame in frames:
            live.read(frame.image, time_s=frame.time_s)
            if live.answer["sentence"] != said:
                said = live.answer["sentence"]
                print(f"{frame.time_s:.2f} s  {said}")
except mien.MienError as error:  # nobody answers there, or no such clip: one line says what
    sys.exit(str(error))
