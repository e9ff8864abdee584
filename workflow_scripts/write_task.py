"""Write the clips of one dataset with the labels of another task than in the manifest."""

from mscol.datasets.tasks import write_task
from mscol.jobs.logs import log_to_file

log_to_file(snakemake.log[0])
write_task(
    layout=snakemake.params.layout,
    root=snakemake.params.root,
    task=snakemake.params.task,
    clips=snakemake.input.clips,
    about=snakemake.input.about,
    task_clips=snakemake.output.clips,
    task_about=snakemake.output.about,
)
