"""Tiny runs of pretraining, on a small cache of made-up log-mels that differ in which bands sound."""

import numpy as np
import pandas as pd

from mscol.model import load_encoder
from mscol.pretraining import CacheFiles, pretrain

SETTINGS = {
    "encoder": {"width": 0.1, "depth": 0.1, "projection": 16},
    "batch_size": 8,
    "updates": 45,
    "learning_rate": 0.003,
    "schedule": "halved",
    "warmup_updates": 0,
    "validation_every": 15,
    "validation_batches": 2,
    "patience": 0,
    "activity_threshold": 0.01,
    "activity_windows": "aligned",
    "absent": "zeros",
    "masks": "independent",
    "mask_value": 0.0,
    "precision": "float32",
    "xla": False,
}
STEMS = ("bass", "vocals")
N_SHARDS = 2


def write_shard(folder, shard, clips, random):
    """Cache clips that differ in which bands sound; the vocals of the first clip of each shard are silent."""
    mixtures = np.full((len(clips) * 784, 64), -8.0, np.float32)
    for number in range(len(clips)):
        mixtures[784 * number : 784 * (number + 1), random.permutation(64)[:16]] = 0
    mixtures += random.normal(0, 0.3, mixtures.shape).astype("float32")
    for name, frames in {"mixture": mixtures, "bass": mixtures - 0.5, "vocals": mixtures + 0.2}.items():
        np.save(folder / f"{name}{shard}.npy", frames)
    index = pd.DataFrame({"clip": clips, "first_frame": np.arange(len(clips)) * 784, "n_frames": 784})
    index.to_csv(folder / f"index{shard}.csv", index=False)
    activity = index.loc[index.index.repeat(2), ["clip"]].assign(segment=[0, 1] * len(clips))
    activity = activity.assign(bass=0.5, vocals=np.where(activity["clip"] == clips[0], 0.0, 0.5))
    activity.to_csv(folder / f"activity{shard}.csv", index=False)


def write_cache(folder):
    """Write two shards of eight clips, six of each for training, and a manifest."""
    random = np.random.default_rng(0)
    clips = [[f"clip {shard} {number:02}" for number in range(8)] for shard in range(N_SHARDS)]
    for shard in range(N_SHARDS):
        write_shard(folder, shard, clips[shard], random)
    manifest = pd.DataFrame(
        {
            "id": [clip for shard in clips for clip in shard],
            "split": (["train"] * 6 + ["validation"] * 2) * N_SHARDS,
        }
    )
    manifest.to_csv(folder / "clips.csv", index=False)


def cache_files(folder, sources, order=range(N_SHARDS)):
    """Name the files of the cache, its shards in an order."""

    def paths(name, suffix):
        return [folder / f"{name}{shard}.{suffix}" for shard in order]

    stems = {source: paths(source, "npy") for source in sources}
    return CacheFiles(
        paths("mixture", "npy"), paths("index", "csv"), stems, paths("index", "csv"), paths("activity", "csv")
    )


def outputs_in(folder):
    """Name what a run writes."""
    return {
        "encoder": folder / "encoder.keras",
        "history": folder / "history.csv",
        "run": folder / "run.json",
    }


def run(cache, folder, order=range(N_SHARDS), sources=STEMS, clips=None, options=None, running=None,
        checkpoints=None, seed=3, **settings):  # fmt: skip
    """Pretrain, with some settings other than `SETTINGS`; return the paths of what was written."""
    outputs = outputs_in(folder)
    pretrain(
        files=cache_files(cache, sources, order),
        clips=clips or cache / "clips.csv",
        sources=sources,
        settings=SETTINGS | settings,
        seed=seed,
        framework_threads=1,
        outputs=outputs,
        options=options,
        about={"model": "bass_vocals"},
        checkpoints=checkpoints,
        running=running,
    )
    return outputs


def weights(outputs):
    """Load the weights of the encoder that a run wrote."""
    return load_encoder(outputs["encoder"]).get_weights()
