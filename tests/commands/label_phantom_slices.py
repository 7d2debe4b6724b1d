"""Makes of a phantom data set one for `train locator` and `train canal`: discs, vertebrae and canal drawn around the
canal points of its table, on every sagittal T2 slice. usage: label_phantom_slices.py DATA SIZE_PX PIXEL_MM"""
import csv
import pathlib
import struct
import sys
import zlib

data, size, pixel_mm = pathlib.Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
DISC, VERTEBRA, CANAL = 1, 2, 3
TO_DISC_MM, DISC_LENGTH_MM, DISC_HEIGHT_MM, CANAL_WIDTH_MM = 24, 34, 9, 14


def png(pixels):
    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    rows = b"".join(b"\0" + bytes(row) for row in pixels)
    header = struct.pack(">IIBBBBB", size, size, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def mask(points):
    """Column of the canal's middle by row, from one point to the next; a box between two discs is a vertebra."""
    pixels = [[0] * size for _ in range(size)]
    (_, first), (_, last) = points[0], points[-1]
    for row in range(size):
        if not first - 10 <= row <= last + 10:
            continue
        above = max([p for p in points if p[1] <= row], key=lambda p: p[1], default=points[0])
        below = min([p for p in points if p[1] > row], key=lambda p: p[1], default=points[-1])
        share = (row - above[1]) / (below[1] - above[1]) if below[1] > above[1] else 0
        middle = above[0] + share * (below[0] - above[0])
        for column in range(size):
            if abs(column - middle) * pixel_mm <= CANAL_WIDTH_MM / 2:
                pixels[row][column] = CANAL
            elif abs((column - middle) * pixel_mm + TO_DISC_MM) <= DISC_LENGTH_MM / 2:
                near = min(abs(row - y) for _, y in points) * pixel_mm
                pixels[row][column] = DISC if near <= DISC_HEIGHT_MM / 2 else VERTEBRA if first < row < last else 0
    return png(pixels)


with open(data / "train_label_coordinates.csv", newline="") as file:
    rows = [row for row in csv.DictReader(file) if row["condition"] == "Spinal Canal Stenosis"]
with open(data / "train_label_coordinates.csv", "w", newline="") as file:
    writer = csv.DictWriter(file, rows[0])
    writer.writeheader()
    writer.writerows(rows)
with open(data / "disc_centres.csv", "w") as file:
    print("study_id,series_id,instance_number,level,x,y", file=file)
    for study in sorted({row["study_id"] for row in rows}):
        own = [row for row in rows if row["study_id"] == study]
        series = own[0]["series_id"]
        drawn = mask([(float(row["x"]), float(row["y"])) for row in own])
        folder = data / "masks" / study / series
        folder.mkdir(parents=True)
        for image in (data / "train_images" / study / series).glob("*.dcm"):
            (folder / (image.stem + ".png")).write_bytes(drawn)
        middle = int(own[2]["instance_number"])
        for instance in range(middle - 1, middle + 2):
            for row in own:
                x = float(row["x"]) - TO_DISC_MM / pixel_mm
                print(study, series, instance, row["level"], x, row["y"], sep=",", file=file)
