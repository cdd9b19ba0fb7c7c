"""Words for whoever is before the camera, when they change: python examples/camera.py [SOURCE] (Ctrl-C ends)"""

import sys

import mien

source = sys.argv[1] if len(sys.argv) > 1 else 0  # the first camera
said = ""
try:
    for reading in mien.Reader().watch(source):
        words = mien.sentence(reading)
        if words != said:
            print(words, flush=True)
            said = words
except KeyboardInterrupt:
    pass
except mien.MienError as error:  # no camera, no such file: one line says what to do
    sys.exit(str(error))
