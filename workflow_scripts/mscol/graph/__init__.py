"""The graph of jobs: what makes a job rerun, and checks before the first job starts.

For rule files: `digests` (of code and of files, for `params`) and `start` (folders, job arrays). Quick to import.
"""
