"""Write the manifest of one dataset: clips, rejected clips, labels, and a table for each shard."""

import logging
from pathlib import Path

from mscol.datasets.manifest import write_manifest
from mscol.datasets.shards import shard_names
from mscol.jobs.logs import log_to_file

log_to_file(snakemake.log[0])
logging.info("Manifest of the dataset %s, layout %s.", snakemake.wildcards.dataset, snakemake.params.layout)
write_manifest(
    layout=snakemake.params.layout,
    root=snakemake.params.root,
    options=snakemake.params.options,
    n_shards=snakemake.params.n_shards,
    clips_path=snakemake.output.clips,
    rejected_path=snakemake.output.rejected,
    about_path=snakemake.output.about,
    shard_paths=[
        f"{snakemake.output.shards}/{shard}.csv" for shard in shard_names(snakemake.params.n_shards)
    ],
    workers=snakemake.threads,
)
Path(snakemake.output.written).touch()
