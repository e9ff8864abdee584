# Inputs and parameters of the pretraining rules. No rules here.

from mscol.config.checks import encoder_files


def pretraining_settings(model):
    """The settings of pretraining that affect a model's numbers; a change of others leaves it alone."""
    settings = config["pretraining"] | {
        "encoder": config["encoder"],
        "normalise_seconds": config["mels"]["normalise_seconds"],
    }
    unused = {"running"}
    if not model.sources:
        unused |= {"activity_threshold", "activity_windows"}
    if not model.silent:
        unused |= {"absent"}
    if not model.masked:
        unused |= {"masks", "mask_value"}
    if not model.trained:  # except the statistics of its normalisations
        unused |= set(settings) - {
            "dataset",
            "batch_size",
            "precision",
            "encoder",
            "normalise_seconds",
        }
    return {key: value for key, value in settings.items() if key not in unused}


def stem_mels(kind):
    """A function for `input`: the cached stem log-mels that a model needs, a file a shard.

    Kind is a stem, "index" or "activity".
    """

    def files(wildcards):
        model = model_of(wildcards.model)
        if kind not in (*model.sources, *["index", "activity"] * bool(model.sources)):
            return []
        # Activity is measured on the plain stems.
        degraded = model.degradation and kind != "activity"
        cached = rules.cache_degraded_mels if degraded else rules.cache_stem_mels
        return expand(
            getattr(cached.output, kind),
            dataset=PRETRAINING_DATASET,
            shard=shards(PRETRAINING_DATASET),
            degradation=model.degradation,
        )

    return files


# Stems are temporary: if degraded ones are requested later, stems and plain log-mels are made again. That must not cost a
# day of GPU time, so pretraining takes stem log-mels as `ancient`. Snakemake ignores the parameters of a job with such an
# input while the job that makes the input has yet to run. So all parameters go into a file, the plan, made by a job that
# waits for no log-mels.
def pretraining_plan(name):
    """Everything that decides how a model is pretrained, except clips, mixtures and the separator's files."""
    model = model_of(name)
    if not model.trained:
        raise WorkflowError(f"model '{name}' is not pretrained by this workflow")
    return {
        "sources": model.sources,
        "options": model.options,
        "settings": pretraining_settings(model),
        "framework_threads": config["framework_threads"],
        "backend": config["backend"],
        "stems": stem_mels_origin(model),
        "code": library_fingerprint("pretrain_encoder.py"),
    }


def stem_mels_origin(model):
    """Everything that decides the log-mels of a model's stems."""
    if not model.sources:
        return {}
    brought = dataset_settings(PRETRAINING_DATASET)["stems"]
    scripts = ["cache_stem_mels.py"]
    if model.degradation:
        scripts += ["cache_degraded_mels.py"]
    if brought:
        origin = {"root": brought}
        scripts += ["resample_brought_stems.py"]
    else:
        origin = separator_origin()
        scripts += ["convert_to_wav.py", "resample_stems.py"]
    code = [library_fingerprint(script) for script in scripts]
    code += [] if brought else [separator_code("separate_stems.py")(None)]
    return origin | {"mels": config["mels"], "code": code}


def separator_origin():
    """The settings of separation that decide the stems."""
    separation = config["separation"]
    if separation["callable"]:
        settings = {key: separation[key] for key in ("callable", "device")}
        return settings | {"stems": list(MADE_STEMS), "file": separator_file()}
    # The separator's files reflect its training; batches change stems by rounding only.
    return {key: separation[key] for key in ("model", "niter", "device")}


def stem_separator(wildcards):
    """The separator's files, for a model made from separated stems."""
    brought = dataset_settings(PRETRAINING_DATASET)["stems"]
    uses_it = model_of(wildcards.model).sources and not brought
    return separator_files(wildcards) if uses_it else []


def checkpoint_files(wildcards):
    """The files of an encoder made elsewhere."""
    return encoder_files(model_of(wildcards.model).checkpoint)
