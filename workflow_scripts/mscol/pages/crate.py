"""Describe a run as an RO-Crate, with which the folder of results can be published as it is.

It follows the profile Process Run Crate 0.5 (https://w3id.org/ro/wfrun/process/0.5). Files of results are its data. Encoders and
datasets are outside the crate and listed by name and digest. All dates are those of files, so that the same run gives the
same text.
"""

import json
import mimetypes
import re
from datetime import UTC, datetime
from pathlib import Path

import jinja2
from rocrate.model import ContextEntity, File
from rocrate.rocrate import ROCrate

import mscol
from mscol.config.naming import banner, dataset_title
from mscol.errors import CacheError
from mscol.io.atomic import atomic_path
from mscol.io.files import read_json, sha256_of

PROFILE = "https://w3id.org/ro/wfrun/process/0.5"
PAPER = "https://doi.org/10.48550/arXiv.2302.07077"
AUTHORS = ("Christos Garoufis", "Athanasia Zlatintsi", "Petros Maragos")
_SNAKEMAKE = "https://w3id.org/workflowhub/workflow-ro-crate#snakemake"
_FORMATS = {
    ".md": "text/markdown",
    ".yaml": "application/yaml",
    ".npz": "application/zip",
    ".tex": "text/x-tex",
}
# Descriptions of files, and of folders of files, without a caption in the report
_WITHOUT_CAPTION = {
    "config.yaml": "The config of the run, with every default.",
    "separation.csv": "Quality of the separator: the SDR of each stem of synthesised songs, next to that of the mixture itself.",
    "shortened.csv": "Clips that are used although their file is cut short, with the missing length.",
    "per_class/comparisons.csv": "Difference of each model from the reference for every tag and class, with interval and p-value.",
    "robustness/rejected.csv": "Test clips that could not be perturbed, with the reasons.",
    "clips": "The test clips of a dataset, with their place on the map of each model and the predictions of its heads.",
    "robustness": "Results of a model on perturbed test clips of a dataset, next to those on the original clips.",
    "bootstrap": "Every metric of a model on a dataset in every resample, for comparing models.",
}


def describe_run(path, results, cards, datasets, config, synthesised=(), commit=None):
    """Write ``ro-crate-metadata.json`` into the folder of results.

    Parameters
    ----------
    path : str or os.PathLike
        Output path; all results are in its folder or below.
    results : list of dict
        The files of the run: ``path``, ``caption`` (a Jinja template whose first paragraph describes the file, or None), and
        ``wildcards``, the parts of the name that the caption uses. Missing files are left out.
    cards : list of (str or os.PathLike)
        Model cards, with ``encoder.keras`` and ``run.json`` in the same folder.
    datasets : dict of str to (str or os.PathLike)
        Name -> its manifest.
    config : dict
        Config of the run, for captions.
    synthesised : collection of str
        The datasets that this workflow made.
    commit : str, optional
        Commit of the workflow.

    Raises
    ------
    CacheError
        If a run.json does not describe how an encoder was made.
    """
    folder = Path(path).parent
    results = [result for result in results if Path(result["path"]).is_file()]
    crate = ROCrate(version="1.1")
    crate.metadata.extra_contexts.append("https://w3id.org/ro/terms/workflow-run/context")
    files = [_add_file(crate, folder, result, config) for result in results]
    encoders = [_add_encoder(crate, Path(card)) for card in cards]
    inputs = [_add_dataset(crate, name, manifest, synthesised) for name, manifest in datasets.items()]
    inputs += [file for file in files if file.id == "config.yaml"]
    dates = [
        Path(file).stat().st_mtime for file in (*datasets.values(), *(r["path"] for r in results), *cards)
    ]
    begin, end = (
        datetime.fromtimestamp(date, UTC).isoformat(timespec="seconds") for date in (min(dates), max(dates))
    )
    _add_root(crate, datasets, synthesised, end)
    run = _add(crate, "#run", "CreateAction", name="A run of mscol", startTime=begin, endTime=end,
               description="The times are those of the first and the last file of the run.")  # fmt: skip
    run["instrument"] = _add_workflow(
        crate, [read_json(Path(card).with_name("run.json")) for card in cards], commit
    )
    run["object"], run["result"] = inputs, [*(file for file in files if file.id != "config.yaml"), *encoders]
    crate.root_dataset["mentions"] = run
    text = json.dumps(crate.metadata.generate(), indent=1, ensure_ascii=False)
    with atomic_path(path) as partial:
        partial.write_text(f"{text}\n", encoding="utf-8")


def caption_of(result, folder, config):
    """Return the first paragraph of a file's caption, without reStructuredText markup; empty if there is no caption."""
    template = result["caption"]
    if not template or not Path(template).is_file():
        name = Path(result["path"]).relative_to(folder)
        return _WITHOUT_CAPTION.get(name.as_posix()) or _WITHOUT_CAPTION.get(name.parent.as_posix(), "")
    names = {
        "wildcards": result["wildcards"],
        "config": config,
        "params": {"perturbations": config["evaluation"]["perturbations"]},
    }
    environment = jinja2.Environment(undefined=jinja2.ChainableUndefined)
    text = environment.from_string(Path(template).read_text(encoding="utf-8")).render(snakemake=names)
    return re.sub(r"\*\*|``|\\(?=\|)", "", " ".join(text.strip().partition("\n\n")[0].split()))


def _add_root(crate, datasets, synthesised, date):
    titles = [dataset_title(name, synthesised) for name in datasets]
    note = banner(name for name in datasets if name in synthesised)
    root = crate.root_dataset
    root["name"] = f"Audio encoders by multi-source contrastive learning, evaluated ({', '.join(titles)})"
    root["description"] = " ".join(
        filter(None, [f"Tables and figures of a run of the workflow mscol on {', '.join(titles)}.", note])
    )
    root["datePublished"] = date
    root["conformsTo"] = _add(crate, PROFILE, "CreativeWork", name="Process Run Crate", version="0.5")
    root["license"] = _add(
        crate, "#licence", "CreativeWork", name="Not chosen yet",
        description="The author of the run decides the terms of use of its results. Each encoder has its own terms.",
    )  # fmt: skip
    authors = [_add(crate, f"#{name.replace(' ', '-')}", "Person", name=name) for name in AUTHORS]
    root["citation"] = _add(
        crate, PAPER, "ScholarlyArticle", name="Multi-Source Contrastive Learning from Musical Audio", author=authors,
        datePublished="2023",
    )  # fmt: skip


def _add_file(crate, folder, result, config):
    path = Path(result["path"])
    name = path.relative_to(folder).as_posix()
    about = {
        "name": name,
        "description": caption_of(result, folder, config) or None,
        "encodingFormat": _FORMATS.get(path.suffix) or mimetypes.guess_type(name)[0],
        "contentSize": str(path.stat().st_size),
        "sha256": sha256_of(path),
    }
    file = File(crate, dest_path=name, properties={key: value for key, value in about.items() if value})
    return crate.add(file)


def _add_encoder(crate, card):
    """Add an encoder, which is not in the crate: the first paragraph of its card, its licence and its digest."""
    run, encoder = read_json(card.with_name("run.json")), card.with_name("encoder.keras")
    if "model" not in run:
        raise CacheError(
            f"{card.with_name('run.json')}: does not describe how the encoder was made. Delete it and run again."
        )
    _, front, text = card.read_text(encoding="utf-8").split("---\n", 2)
    heading, _, body = text.strip().partition("\n\n")
    return _add(
        crate, f"#encoder/{'/'.join(card.parts[-3:-1])}", "CreativeWork", name=heading.lstrip("# "),
        description=body.partition("\n\n")[0], sha256=sha256_of(encoder), contentSize=str(encoder.stat().st_size),
        alternateName=f"{encoder}", license=re.search(r"^license: (.+)$", front, re.MULTILINE)[1],
        encodingFormat="application/zip",
    )  # fmt: skip


def _add_dataset(crate, name, manifest, synthesised):
    manifest = Path(manifest)
    with open(manifest, "rb") as file:
        n_clips = sum(1 for _ in file) - 1
    return _add(
        crate, f"#dataset/{name}", "CreativeWork", name=dataset_title(name, synthesised),
        description=f"A dataset of {n_clips:,} clips in the layout {read_json(manifest.with_name('about.json'))['layout']}. It is not "
        "part of this crate. The digest is that of the list of its clips, splits and labels.",
        sha256=sha256_of(manifest),
    )  # fmt: skip


def _add_workflow(crate, runs, commit):
    versions = {name: version for run in runs for name, version in run.get("versions", {}).items()}
    packages = [
        _add(crate, f"#software/{name}", "SoftwareApplication", name=name, softwareVersion=version)
        for name, version in sorted(versions.items())
        if name != "mscol"
    ]
    language = _add(
        crate, _SNAKEMAKE, "ComputerLanguage", name="Snakemake", url="https://snakemake.github.io",
        identifier="https://doi.org/10.1093/bioinformatics/bts480",
    )  # fmt: skip
    licence = _add(crate, "https://spdx.org/licenses/MIT", "CreativeWork", name="MIT License")
    return _add(
        crate, "#mscol", ["SoftwareSourceCode", "ComputationalWorkflow"], name="mscol",
        description="A Snakemake workflow that pretrains audio encoders without labels and evaluates them (Snakefile).",
        version=mscol.__version__, softwareVersion=mscol.__version__, license=licence, programmingLanguage=language,
        softwareRequirements=packages, **({"identifier": commit} if commit else {}),
    )  # fmt: skip


def _add(crate, identifier, kind, /, **properties):
    entity = ContextEntity(crate, identifier, properties={"@type": kind})
    for key, value in properties.items():
        entity[key] = value
    return crate.add(entity)
