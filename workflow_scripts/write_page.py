"""Write the HTML page of the results."""

from pathlib import Path

from mscol.jobs.logs import log_to_file
from mscol.overview.explore import View
from mscol.overview.page import write_page
from mscol.pages.notes import notes_of_run

log_to_file(snakemake.log[0])
given, files = snakemake.params, snakemake.input


def by_model(models, paths):
    """Group files by model: one file for each seed."""
    found = {}
    for model, path in zip(models, paths, strict=True):
        found.setdefault(model, []).append(path)
    return found


per_class = {}
for (name, model), path in zip(given.per_class, files.per_class, strict=True):
    per_class.setdefault(name, {})[model] = path
clips = dict(zip((name for name, _ in given.views), files.clips, strict=False))
excerpts = dict(zip(given.heard, files.excerpts, strict=True))
write_page(
    out=snakemake.output[0],
    summary=files.summary,
    layout={
        "layouts": given.layouts,
        "synthesised": given.synthesised,
        "notes": notes_of_run(given.pretrained_on, given.separator, given.function, given.pretraining),
        "search": given.search,
    },
    pretraining={
        "made": given.made,
        "histories": by_model(given.runs, files.histories),
        "comparisons": files.comparisons,
        "cards": {model: f"../{path}" for model, [path, *_] in by_model(given.carded, files.cards).items()},
        "curves": next(iter(files.curves), None),
        "pictures": next(iter(files.pictures), None),
        "sounds": next(iter(files.sounds), None),
        "synthesised": given.pretrained_on in given.synthesised,
    },
    views=[
        View(name, dataset, about, clips.get(name), per_class[name], excerpts.get(dataset))
        for (name, dataset), about in zip(given.views, files.abouts, strict=True)
    ],
    rejected=files.rejected,
    shortened=files.shortened,
    # In the folder that contains logs/
    timings=Path(snakemake.log[0]).parents[1] / "timings",
)
