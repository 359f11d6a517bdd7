"""The formats of an export, and the files of each."""

from analysis.exports import answers_format, arena_format, prism_format, properties_format
from analysis.exports.release import ARENA, PROPERTIES

PRISM, ANSWERS = "prism", "answers"
FILES = {
    PRISM: prism_format.FILES,
    ANSWERS: answers_format.FILES,
    ARENA: arena_format.FILES,
    PROPERTIES: properties_format.FILES,
}
FORMATS = tuple(FILES)
