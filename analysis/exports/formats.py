"""The formats of an export, and the files of each."""

from analysis.exports import answers_format, prism_format

PRISM, ANSWERS = "prism", "answers"
FILES = {PRISM: prism_format.FILES, ANSWERS: answers_format.FILES}
FORMATS = tuple(FILES)
