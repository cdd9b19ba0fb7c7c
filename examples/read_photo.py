"""What people would say of the faces on a photo: python examples/read_photo.py [PHOTO]"""

import sys
from pathlib import Path

import mien

photo = sys.argv[1] if len(sys.argv) > 1 else Path(__file__).with_name("astronaut.jpg")
try:
    reading = mien.Reader().read(photo)
except mien.MienError as error:  # no such file, no picture: one line says what
    sys.exit(str(error))

print(mien.sentence(reading))
for face in reading.faces:
    if face.expression is None:
        continue
    votes = sorted(face.expression.votes.items(), key=lambda vote: -vote[1])
    print("of ten people:", ", ".join(f"{10 * share:.1f} {label}" for label, share in votes[:3]))
    print("sure:", face.expression.sure, "doubts:", ", ".join(face.expression.doubts) or "none")
