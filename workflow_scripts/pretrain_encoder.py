"""Pretrain an encoder by source association."""

from mscol.logs import log_to_file

log_to_file(snakemake.log[0], attempts=snakemake.log[0].removesuffix(".log"))

from mscol.pretraining import CacheFiles, pretrain  # noqa: E402 (what the framework says belongs in the log)
from mscol.versions import git_commit  # noqa: E402

cached, params = snakemake.input, snakemake.params
pretrain(
    files=CacheFiles(
        cached.frames,
        cached.index,
        {source: cached.get(source) for source in params.sources},
        cached.get("stems_index", []),
        cached.get("activity", []),
    ),
    clips=cached.clips,
    sources=params.sources,
    settings=params.settings,
    seed=int(snakemake.wildcards.seed),
    framework_threads=params.framework_threads,
    outputs=dict(snakemake.output.items()),
    options=params.options,
    about={"model": snakemake.wildcards.model, "commit": git_commit()},
    checkpoints="checkpoints/{model}/seed{seed}".format(**dict(snakemake.wildcards.items())),
    # Not a parameter: nothing in it changes a number.
    running=snakemake.config["pretraining"]["running"],
    code=params.code,
)
