"""Say it when a face begins to look otherwise: python examples/watch_clip.py CLIP"""

import sys

import mien

said: dict[int | None, str] = {}
try:
    for reading in mien.Reader().watch(sys.argv[1]):
        for face in reading.faces:
            if face.expression is None or not face.expression.sure:
                continue
            if said.get(face.track_id) != face.expression.label:
                said[face.track_id] = face.expression.label
                print(f"{reading.time_s:6.2f} s  person {face.track_id} looks {face.expression.label}")
except mien.MienError as error:  # no such file, no clip: one line says what
    sys.exit(str(error))
