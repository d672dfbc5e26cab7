"""Writes fixtures/: what Pillow makes of formula pictures, for tests/view.rs and tests/decode.rs.

    python3 -m venv venv && venv/bin/pip install -r requirements.txt && venv/bin/python make_fixtures.py

The pictures come from `pixel` below (its twin is in tests/common/mod.rs), so the files carry no rights of
others. The crop follows torchvision.transforms.functional: `Resize(int)` truncates the longer side and resizes a
PIL image with BILINEAR (which is anti-aliased), `CenterCrop` pads with black and rounds halves to even.
"""

from pathlib import Path

from PIL import Image

OUT = Path(__file__).parent / "fixtures"


def pixel(x: int, y: int, c: int) -> int:
    waves = (x * (3 + c) + y * (5 - c)) % 510
    smooth = waves if waves < 256 else 510 - waves
    return (smooth * 3 + ((x * 7 + y * 13 + c * 31) ^ (x * y // 5)) % 256) // 4


def picture(width: int, height: int) -> Image.Image:
    values = bytes(pixel(x, y, c) for y in range(height) for x in range(width) for c in range(3))
    return Image.frombytes("RGB", (width, height), values)


def resize(image: Image.Image, size: int) -> Image.Image:
    width, height = image.size
    short, long = min(width, height), max(width, height)
    long = int(size * long / short)
    return image.resize((size, long) if width <= height else (long, size), Image.Resampling.BILINEAR)


def centre_crop(image: Image.Image, crop: int) -> Image.Image:
    width, height = image.size
    if crop > width or crop > height:
        left, top = max(0, (crop - width) // 2), max(0, (crop - height) // 2)
        padded = Image.new("RGB", (max(width, crop), max(height, crop)))
        padded.paste(image, (left, top))
        image, (width, height) = padded, padded.size
    top, left = int(round((height - crop) / 2.0)), int(round((width - crop) / 2.0))
    return image.crop((left, top, left + crop, top + crop))


# (width, height, resize, crop): photo to thumbnail either way, odd spare pixels, enlarging, padding.
VIEWS = [(500, 375, 64, 64), (375, 500, 73, 64), (331, 247, 41, 32), (33, 47, 64, 64), (90, 30, 32, 48), (28, 28, 32, 32)]

for width, height, size, crop in VIEWS:
    view = centre_crop(resize(picture(width, height), size), crop)
    view.save(OUT / f"view-{width}x{height}-{size}-{crop}.png", optimize=True)

cmyk = picture(48, 32).resize((96, 64), Image.Resampling.BILINEAR).convert("CMYK")
cmyk.save(OUT / "cmyk.jpg", quality=95, subsampling=0)
Image.open(OUT / "cmyk.jpg").convert("RGB").save(OUT / "cmyk.png", optimize=True)
