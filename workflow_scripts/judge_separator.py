"""Judge the small Open-Unmix on embedded songs that it was not trained on."""

from mscol.jobs.devices import take_gpus
from mscol.jobs.logs import log_to_file

log_to_file(snakemake.log[0])
take_gpus(snakemake.resources.get("gpu", 0))

from mscol.separation.judging import judge_separator  # noqa: E402 (PyTorch counts the GPUs that it sees)

judge_separator(
    model=snakemake.params.model,
    songs=f"{snakemake.input.stems}/test",
    table_path=snakemake.output.table,
    n_iterations=snakemake.params.niter,
    device=snakemake.params.device,
    threads=snakemake.params.framework_threads,
)
