"""Reading and writing files.

`atomic` (complete files or none), `files` (tables, JSON, arrays), `arrays` (row by row, larger than memory), `audio` (decode,
resample, write), `lengths` and `mpeg` (durations without decoding), `tags`. Of mscol, it imports only `errors`.
"""
