"""Pretrain an encoder by source association, following its plan."""

from mscol.io.files import read_json
from mscol.jobs.backend import choose_backend
from mscol.jobs.devices import take_gpus
from mscol.jobs.logs import log_to_file

log_to_file(snakemake.log[0], attempts=snakemake.log[0].removesuffix(".log"))
take_gpus(snakemake.resources.get("gpu", 0))

cached, plan, wildcards = snakemake.input, read_json(snakemake.input.plan), snakemake.wildcards
choose_backend(plan["backend"], compiled="compiled")

from mscol.jobs.versions import git_commit  # noqa: E402 (after log_to_file, for the framework's messages)
from mscol.pretraining import CacheFiles, pretrain  # noqa: E402

stems = {source: cached.get(source) for source in plan["sources"]}
pretrain(
    files=CacheFiles(cached.frames, cached.index, stems, cached.get("stems_index"), cached.get("activity")),
    clips=cached.clips,
    sources=plan["sources"],
    settings=plan["settings"],
    seed=int(wildcards.seed),
    framework_threads=plan["framework_threads"],
    outputs=dict(snakemake.output.items()),
    options=plan["options"],
    about={"model": wildcards.model, "commit": git_commit()},
    checkpoints=f"checkpoints/{wildcards.model}/seed{wildcards.seed}",
    # Not part of the plan, because none of it changes a number.
    running=snakemake.config["pretraining"]["running"],
    code=plan["code"],
)
