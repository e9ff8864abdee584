# Differences when another workflow uses this one as a module: the folder of our files (workflow.basedir is then the other
# workflow's) and the names of our rules. No rules here.

import os
import shutil
import sys
import tempfile
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.sourcecache import HostingProviderFile


def folder_of(source):
    """The folder of a source file; for github() or gitlab(), in a checkout."""
    if source.is_local:
        return source.get_path_or_uri(secret_free=False)
    if isinstance(source, HostingProviderFile):
        return os.path.join(checked_out(source), source.path)
    raise WorkflowError(
        f"{source}: the workflow cannot be loaded from a web address, which gives single files only. Use github(...), or clone "
        "it and use the path of its Snakefile"
    )


def checked_out(source):
    """A checkout of the commit of a hosted file: Snakemake fetches single files, but Python imports whole packages.

    It is made once, beside Snakemake's own cache of that repository.
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
# False if the other workflow uses one of our rules again to change it: all files are then parsed again, and names are unknown.
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
    """Our name of a rule, given its name in this run; empty if it is not ours. The inverse of ``called``."""
    own = name.removeprefix(_BEFORE).removesuffix(_AFTER)
    return own if called(own) == name else ""


def own_rule(job):
    """Our name of a job's rule; empty if it is not ours."""
    name = own_name(job.rule.name)
    return name if rules.has(name) else ""


def check_own_targets():
    """Check the targets on the command line; in a module only rules, because files may be the other workflow's."""
    from mscol.config.checks import check_targets

    words = sys.argv[1:]
    if IS_MODULE:
        words = [own_name(word) for word in words if word.isidentifier()]
    if IS_WHOLE:
        check_targets(words, config, called)
