"""Pretrain on one, on eight and on two devices of JAX, a run that goes on from the other's checkpoint; a program of
test_several_devices.

python train_on_devices.py CACHE FOLDER
"""

import logging
import os
import signal
import sys
from pathlib import Path

import pandas as pd
from tiny_runs import run

from mscol.errors import TrainingError

SETTINGS = {"updates": 10, "validation_every": 2, "batch_size": 16, "masks": "shared", "learning_rate": 0.001}
OPTIONS = {"masked": True, "silent": True}


class StopAtCheckpoint(logging.Handler):
    """Warns this process, as a scheduler would, as soon as it says that it has saved a checkpoint."""

    def emit(self, record):
        if record.msg.startswith("Saved") and "update-000000004" in record.getMessage():
            os.kill(os.getpid(), signal.SIGTERM)


def main(cache, folder):
    """Write what each run wrote to FOLDER/one, FOLDER/eight and FOLDER/two."""
    clips = pd.read_csv(cache / "clips.csv")
    # A clip of validation less: its six pairs cannot be dealt to eight devices.
    clips.loc[clips["split"].eq("validation").idxmax(), "split"] = "test"
    clips.to_csv(folder / "clips.csv", index=False)

    def train(name, **running):
        (folder / name).mkdir()
        run(
            cache, folder / name, clips=folder / "clips.csv", options=OPTIONS, running={"checkpoint_every": 4} | running,
            checkpoints=folder / f"checkpoints-{name == 'one'}", **SETTINGS,
        )  # fmt: skip

    train("one", devices=1)
    handler = StopAtCheckpoint()
    logging.getLogger().addHandler(handler)
    try:
        train("eight", devices="all")
    except TrainingError as error:
        logging.info("%s", error)
    logging.getLogger().removeHandler(handler)
    train("two", devices=2, cache_on="device")


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    main(*map(Path, sys.argv[1:]))
