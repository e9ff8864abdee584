"""Datasets: their clips, which clips can be used, and the shard of each clip.

Each layout is a module (`mtat`, `nsynth`, `fma`, `table`) with the same structure:

- ``TASK`` ("tagging" or "classification") and ``LABELS``, in their official order. A layout that reads them from its files
  has ``task_and_labels(root, **options)`` instead.
- ``read_clips(root, **options)`` returns the clips of the metadata, as made by `metadata.clips_table`. It opens no audio file,
  and raises `DatasetError` if a file is missing or wrong.
- ``GROUPED_BY``: the kind of a clip's ``group`` ("instrument", "song"), unless the option ``group`` sets it.
- ``read_task(root, task)``, if clips have labels for other tasks (`task_names`), returns "tagging" or "classification", all
  labels in order, and a dict of clip id to label.
- ``select(clips, **options)``, if the choice of clips depends on their durations.
- ``WHOLE_FILES_ONLY = True``, if truncated files are rejected because a published list of clips has complete files.

`manifest` checks the audio headers and writes the tables, `tasks` writes them for another task, `shards` assigns clips to shards,
`watch` lists the files that a manifest depends on, `rejected` gathers rejected clips. `manifest` imports a layout by name, so an
edit of one reader makes only the manifests of its layout rerun.
"""

SPLITS = ("train", "validation", "test")
