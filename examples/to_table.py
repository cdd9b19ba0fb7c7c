"""A folder or a clip as a table, one row a face: python examples/to_table.py SOURCE OUT.csv"""

import csv
import sys

import mien

source, out = sys.argv[1:]
rows = []
try:
    for reading in mien.Reader().watch(source):
        for face in reading.faces:
            seen = face.expression
            if seen is not None:
                in_ten = round(10 * seen.votes[seen.label], 1)
                rows.append([reading.source, reading.time_s, face.track_id, seen.label, seen.sure, in_ten])
except mien.MienError as error:  # no such file, or one that cannot be read: one line says what
    sys.exit(str(error))

with open(out, "w", newline="", encoding="utf-8") as file:
    table = csv.writer(file)
    table.writerow(["source", "time_s", "person", "label", "sure", "in_ten"])
    table.writerows(rows)
