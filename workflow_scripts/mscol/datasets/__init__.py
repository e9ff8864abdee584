"""Datasets: what clips there are, which of them can be used, and which shard each belongs to.

One module a layout (`mtat`, `nsynth`, `fma`, `table`), each with the same skeleton:

- ``TASK`` ("tagging" or "classification") and ``LABELS``, in their official order; a layout whose
  files say so themselves has ``task_and_labels(root, **options)`` instead;
- ``read_clips(root, **options)``: the clips that the metadata list, as `metadata.clips_table` makes
  them; no audio file is opened. `DatasetError` where a file is missing or not what it should be;
- ``GROUPED_BY``: what the ``group`` of a clip is ("instrument", "song"), unless the option ``group`` says so;
- ``read_task(root, task)``, where clips have labels for other tasks, too (`task_names`): "tagging" or "classification", all
  labels in order, and a dict of a clip's id to its label;
- ``select(clips, **options)``, where the choice of clips depends on their durations;
- ``WHOLE_FILES_ONLY = True``, where files that are cut short are rejected, because a published list of clips has them whole.

`manifest` checks the audio headers and writes the tables, `tasks` writes them for another task, `shards` deals clips to jobs, `watch` says
which files a manifest depends on, `rejected` gathers what could not be used. `manifest` imports a
layout by name, so that an edit of one reader makes the manifests of no other layout stale.
"""

SPLITS = ("train", "validation", "test")
