"""Judge the small Open-Unmix on embedded songs that it was not trained on."""

from mscol.jobs.logs import log_to_file
from mscol.separation.judging import judge_separator

log_to_file(snakemake.log[0])
judge_separator(
    model=snakemake.params.model,
    songs=f"{snakemake.input.stems}/test",
    table_path=snakemake.output.table,
    n_iterations=snakemake.params.niter,
    device=snakemake.params.device,
    threads=snakemake.params.framework_threads,
)
