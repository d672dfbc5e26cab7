"""Draws the sample pictures into ../public/samples: python draw.py [name ...] (all without a name)."""

import io
import json
import sys
import tempfile
from pathlib import Path

import animals
import food
import studio
import vehicles
from PIL import Image

OUT = Path(__file__).resolve().parent.parent / "public" / "samples"
LIMIT = 60_000

# name of the file: (scene, WordNet id and plain English name of the class, what the picture shows)
PICTURES = {
    "orange": (food.orange, "n07747607", "orange", "Oranges on a table, one cut in half"),
    "goldfish": (animals.goldfish, "n01443537", "goldfish", "Two goldfish above gravel and water plants"),
    "school-bus": (vehicles.school_bus, "n04146614", "school bus", "A yellow school bus on a road"),
    "ladybug": (animals.ladybug, "n02165456", "ladybug", "A ladybug on a leaf"),
    "jellyfish": (animals.jellyfish, "n01910747", "jellyfish", "Two jellyfish in blue water"),
    "pizza": (food.pizza, "n07873807", "pizza", "A pizza with salami, olives and basil"),
    "lemon": (food.lemon, "n07749582", "lemon", "Lemons, one cut in half"),
    "espresso": (food.espresso, "n07920052", "espresso", "A cup of espresso"),
}


def jpeg(picture):
    """The best quality that stays under the limit."""
    for quality in range(92, 20, -4):
        data = io.BytesIO()
        picture.save(data, "JPEG", quality=quality, optimize=True)
        if data.tell() <= LIMIT:
            return data.getvalue()
    raise SystemExit(f"No JPEG of this picture is under {LIMIT} bytes.")


def main(names):
    unknown = [name for name in names if name not in PICTURES]
    if unknown:
        raise SystemExit(f"No picture is called {unknown[0]}: use {', '.join(PICTURES)}.")
    OUT.mkdir(parents=True, exist_ok=True)
    for name in names or PICTURES:
        studio.fresh()
        PICTURES[name][0]()
        with tempfile.TemporaryDirectory() as folder:
            shot = Path(folder) / "shot.png"
            studio.shoot(shot)
            (OUT / f"{name}.jpg").write_bytes(jpeg(Image.open(shot).convert("RGB")))
        print(f"drew {name}", file=sys.stderr)
    index = [
        {"file": f"{name}.jpg", "id": wnid, "label": label, "caption": shown}
        for name, (_, wnid, label, shown) in PICTURES.items()
        if (OUT / f"{name}.jpg").exists()
    ]
    (OUT / "index.json").write_text(json.dumps(index, indent=2) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
