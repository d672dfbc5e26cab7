"""Draws the sample pictures into ../public/samples: python draw.py [name ...] (all without a name)."""

import io
import json
import sys
import tempfile
from pathlib import Path

import animals
import food
import outdoors
import studio
import things
from PIL import Image

OUT = Path(__file__).resolve().parent.parent / "public" / "samples"
LIMIT = 60_000

# name of the file: (scene, WordNet id and plain English name of the class, what the picture shows)
PICTURES = {
    "orange": (food.orange, "n07747607", "orange", "Oranges on a table, one cut in half"),
    "goldfish": (animals.goldfish, "n01443537", "goldfish", "Two goldfish in a tank"),
    "school-bus": (things.school_bus, "n04146614", "school bus", "A yellow school bus on a road"),
    "monarch": (animals.monarch, "n02279972", "monarch butterfly", "A monarch butterfly on a flower"),
    "ladybug": (animals.ladybug, "n02165456", "ladybug", "A ladybug on a leaf"),
    "lighthouse": (outdoors.lighthouse, "n02814860", "lighthouse", "A lighthouse on a rocky shore"),
    "jellyfish": (animals.jellyfish, "n01910747", "jellyfish", "Jellyfish in deep water"),
    "pizza": (food.pizza, "n07873807", "pizza", "A pizza with salami, olives and basil"),
    "lemon": (food.lemon, "n07749582", "lemon", "Lemons, one cut in half"),
    "banana": (food.banana, "n07753592", "banana", "A bunch of bananas"),
    "pretzel": (food.pretzel, "n07695742", "pretzel", "A salted pretzel"),
    "espresso": (food.espresso, "n07920052", "espresso", "A cup of espresso"),
    "bell-pepper": (food.bell_pepper, "n07720875", "bell pepper", "Bell peppers, a red one in front"),
    "mushroom": (outdoors.mushroom, "n07734744", "mushroom", "Mushrooms in a wood"),
    "alp": (outdoors.alp, "n09193705", "alp", "Snowy mountains above a meadow"),
    "seashore": (outdoors.seashore, "n09428293", "seashore", "Waves on a sandy beach"),
    "teapot": (things.teapot, "n04398044", "teapot", "A blue teapot"),
    "basketball": (things.basketball, "n02802426", "basketball", "A basketball on a court"),
    "beer-bottle": (things.beer_bottle, "n02823428", "beer bottle", "Two bottles of beer"),
    "candle": (things.candle, "n02948072", "candle", "Burning candles"),
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
        {"file": f"{name}.jpg", "id": wnid, "label": label, "caption": f"{shown} (rendered by this project)"}
        for name, (_, wnid, label, shown) in PICTURES.items()
        if (OUT / f"{name}.jpg").exists()
    ]
    (OUT / "index.json").write_text(json.dumps(index, indent=2) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
