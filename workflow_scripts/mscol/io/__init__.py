"""Files: everything that is read from or written to the disk passes here.

`atomic` (whole or not at all), `files` (tables, JSON, arrays), `arrays` (row by row, larger than memory), `audio` (decode,
resample, write). Imports nothing of mscol but `errors`.
"""
