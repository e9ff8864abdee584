"""The graph of jobs: what makes a job stale, and what is checked before the first one starts.

For rule files: `digests` (of code and of files, for `params`) and `start` (folders, job arrays). Quick to import.
"""
