# What differs where another workflow uses this one as a module: where our files lie (workflow.basedir is then the other's folder), and
# what our rules are called. No rules here.

import os
import shutil
import sys
import tempfile
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.sourcecache import HostingProviderFile


def folder_of(source):
    """The folder of a source file: of what github() or gitlab() names, in a checkout."""
    if source.is_local:
        return source.get_path_or_uri(secret_free=False)
    if isinstance(source, HostingProviderFile):
        return os.path.join(checked_out(source), source.path)
    raise WorkflowError(
        f"{source}: the workflow cannot be loaded from a web address, which gives single files only. Use github(...), or clone "
        "it and use the path of its Snakefile"
    )


def checked_out(source):
    """The whole commit that a hosted file is from: Snakemake fetches one file after another, but Python imports whole packages.

    It is checked out once, beside what Snakemake itself keeps of that repository.
    """
    repository = source.hosted_repo.repo
    commit = repository.commit(source.ref).hexsha
    folder = Path(workflow.sourcecache.cache_path, "mscol-checkouts", commit)
    if folder.exists():
        return folder
    folder.parent.mkdir(exist_ok=True)
    unfinished = tempfile.mkdtemp(dir=folder.parent)
    clone = repository.clone(unfinished, shared=True, no_checkout=True)
    clone.git.checkout(commit)
    try:
        os.rename(unfinished, folder)
    except OSError:  # another process was quicker
        shutil.rmtree(unfinished)
    return folder


BASEDIR = os.path.dirname(folder_of(workflow.current_basedir))
sys.path.insert(0, os.path.join(BASEDIR, "workflow_scripts"))

IS_MODULE = not workflow.modifier.is_main_snakefile()
# Not where the other workflow takes one of our rules once more, to change it. All is read again then, and their names are unknown.
IS_WHOLE = workflow.modifier.rule_whitelist is None
SPEAKS = workflow.is_main_process and IS_WHOLE
called = workflow.modifier.modify_rulename
_BEFORE, _, _AFTER = called("*").partition("*")
if workflow.modifier.path_modifier.replace_prefix("results") != "results":
    raise WorkflowError(
        "mscol as a module cannot have a prefix: some of its paths are settings. Remove `prefix`. For results in another folder, "
        "set `workdir:` in your Snakefile, or use snakemake --directory"
    )


def own_name(name):
    """What is called so in this run is called here, if it can be ours; else empty. The inverse of ``called``."""
    own = name.removeprefix(_BEFORE).removesuffix(_AFTER)
    return own if called(own) == name else ""


def own_rule(job):
    """What the rule of a job is called here; empty if it is none of ours."""
    name = own_name(job.rule.name)
    return name if rules.has(name) else ""


def check_own_targets():
    """Check what is asked for on the command line; in a module only rules, for files may be the other workflow's."""
    from mscol.config.checks import check_targets

    words = sys.argv[1:]
    if IS_MODULE:
        words = [own_name(word) for word in words if word.isidentifier()]
    if IS_WHOLE:
        check_targets(words, config, called)
