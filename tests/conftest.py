"""Child processes of tests find the library, too."""

import os
from pathlib import Path

SCRIPTS = str(Path(__file__).parents[1] / "workflow_scripts")
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [SCRIPTS, os.environ.get("PYTHONPATH")]))
