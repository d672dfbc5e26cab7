"""What leaves this project, in PyTorch itself: torchvision's AlexNet takes it with `strict=True` and answers alike.

    cargo xtask test pytorch

installs the packages of ../fixtures/requirements.lock and runs this with the path of the `alexnet` command.
"""

import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from safetensors.torch import load_file
from torchvision.models import alexnet
from torchvision.transforms import v2

ALEXNET = sys.argv.pop(1)
# Probabilities and what half precision rounds to, as this project's own tests hold them.
PROBABILITY = 1e-4
HALF = 1e-3


def run(*args):
    done = subprocess.run([ALEXNET, *map(str, args)], capture_output=True, text=True)
    if done.returncode != 0:
        raise AssertionError(f"alexnet {' '.join(map(str, args))}: {done.stderr}")
    return done.stdout


def picture(red, seed):
    """A noisy picture, larger one way than the other."""
    noise = np.random.default_rng(seed).integers(0, 90, (260, 300, 3))
    noise[..., 0 if red else 2] += 120
    return Image.fromarray(noise.astype(np.uint8))


class Export(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def test_torchvisions_own_weights_come_back_to_the_bit(self):
        torch.manual_seed(1)
        theirs = alexnet()
        for legacy in (False, True):
            with self.subTest(legacy=legacy):
                saved, out = self.folder / "theirs.pth", self.folder / "out.safetensors"
                torch.save(theirs.state_dict(), saved, _use_new_zipfile_serialization=not legacy)
                run("convert", saved, out)
                ours = alexnet()
                ours.load_state_dict(load_file(out), strict=True)
                for key, tensor in theirs.state_dict().items():
                    self.assertTrue(torch.equal(tensor, ours.state_dict()[key]), key)
        run("convert", saved, out, "--half")
        ours.load_state_dict(load_file(out), strict=True)
        for key, tensor in theirs.state_dict().items():
            torch.testing.assert_close(ours.state_dict()[key], tensor, rtol=HALF, atol=1e-7)

    def test_a_network_trained_here_answers_alike(self):
        for red, name in ((True, "red"), (False, "blue")):
            (self.folder / "data" / name).mkdir(parents=True)
            for i in range(4):
                picture(red, i).save(self.folder / "data" / name / f"{i}.png")
        out, photo = self.folder / "mine.safetensors", self.folder / "photo.png"
        run("train", "--network", "alexnet-224", "--data", self.folder / "data", "--epochs", 1, "--batch-size", 8,
            "--learning-rate", 0.001, "--backend", "cpu", "--out", out)
        picture(True, 9).save(photo)
        facts = json.loads(run("inspect", out, "--json"))
        network = alexnet(num_classes=2)
        network.load_state_dict(load_file(out), strict=True)
        see = facts["preprocess"]
        prepare = v2.Compose([
            v2.PILToTensor(), v2.Resize(see["resize"], antialias=True), v2.CenterCrop(see["crop"]),
            v2.ToDtype(torch.float32, scale=True), v2.Normalize(see["mean"], see["std"]),
        ])
        with torch.inference_mode():
            theirs = network.eval()(prepare(Image.open(photo))[None]).softmax(1)[0]
        [answer] = json.loads(run("classify", photo, "--model", out, "--backend", "cpu", "--json"))
        ours = {guess["label"]: guess["probability"] for guess in answer["top"]}
        self.assertEqual(set(ours), set(facts["labels"]))
        for label, probability in zip(facts["labels"], theirs):
            self.assertAlmostEqual(ours[label], float(probability), delta=PROBABILITY)


if __name__ == "__main__":
    result = unittest.main(exit=False, verbosity=2).result
    failed = len(result.failures) + len(result.errors)
    print(f"{result.testsRun - failed} passed")
    if failed:
        print(f"{failed} failed")
    sys.exit(bool(failed))
