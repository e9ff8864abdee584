"""A run described for machines: an RO-Crate, with which the folder of results can be deposited as it is.

It follows the profile Process Run Crate 0.5 (https://w3id.org/ro/wfrun/process/0.5). Files of results are its data; encoders and
datasets, which lie elsewhere, are told by name and digest. It holds no date but those of files, so that the same run is described by
the same text.
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
# What has no caption in the report: files, and folders of files
_WITHOUT_CAPTION = {
    "config.yaml": "The config that made all this, with every default.",
    "separation.csv": "How good the separator is: the SDR of each stem of synthesised songs, beside that of the mixture itself.",
    "shortened.csv": "Clips that are used although their file is cut short, and by how much.",
    "per_class/comparisons.csv": "Each model minus the reference in every tag and class, with interval and p-value.",
    "robustness/rejected.csv": "Test clips that could not be perturbed, and why.",
    "clips": "The test clips of a dataset, with what each model makes of them.",
    "robustness": "What a model loses on perturbed test clips of a dataset.",
    "bootstrap": "Every metric of a model on a dataset in every resample, from which two models are compared.",
}


def describe_run(path, results, cards, datasets, config, synthesised=(), commit=None):
    """Write ``ro-crate-metadata.json`` into the folder of results.

    Parameters
    ----------
    path : str or os.PathLike
        Written; all results lie in its folder, or below.
    results : list of dict
        The files of the run: ``path``, ``caption`` (a Jinja template, whose first paragraph says what the file is; or None), and
        ``wildcards``, the parts of its name that the caption names. Those that are not there are left out.
    cards : list of (str or os.PathLike)
        Model cards, which lie beside ``encoder.keras`` and ``run.json``.
    datasets : dict of str to (str or os.PathLike)
        Name -> its manifest.
    config : dict
        Of the run, for captions.
    synthesised : collection of str
        The datasets that this workflow made.
    commit : str, optional
        Of the workflow.

    Raises
    ------
    CacheError
        If a run.json does not say what made an encoder.
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
               description="Times are those of the first and the last file that it made.")  # fmt: skip
    run["instrument"] = _add_workflow(
        crate, [read_json(Path(card).with_name("run.json")) for card in cards], commit
    )
    run["object"], run["result"] = inputs, [*(file for file in files if file.id != "config.yaml"), *encoders]
    crate.root_dataset["mentions"] = run
    text = json.dumps(crate.metadata.generate(), indent=1, ensure_ascii=False)
    with atomic_path(path) as partial:
        partial.write_text(f"{text}\n", encoding="utf-8")


def caption_of(result, folder, config):
    """Say what a file of results is: the first paragraph of its caption, without marks of reStructuredText; empty where there is none."""
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
        description="Whoever made the run says under which terms its results may be used. Each encoder has terms of its own.",
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
    """An encoder, which lies elsewhere: what its card says first, its licence and its digest."""
    run, encoder = read_json(card.with_name("run.json")), card.with_name("encoder.keras")
    if "model" not in run:
        raise CacheError(
            f"{card.with_name('run.json')}: does not say what made the encoder; delete it, and it is made again"
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
        description=f"A dataset of {n_clips:,} clips in {read_json(manifest.with_name('about.json'))['layout']}'s layout; not part of "
        "this crate. The digest is that of the list of its clips, splits and labels.",
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
        description="A Snakemake workflow that pretrains audio encoders without labels, and says how good they are (Snakefile).",
        version=mscol.__version__, softwareVersion=mscol.__version__, license=licence, programmingLanguage=language,
        softwareRequirements=packages, **({"identifier": commit} if commit else {}),
    )  # fmt: skip


def _add(crate, identifier, kind, /, **properties):
    entity = ContextEntity(crate, identifier, properties={"@type": kind})
    for key, value in properties.items():
        entity[key] = value
    return crate.add(entity)
