"""What all rooms of Prism stand on."""

from prism.lib.memory import collect_rarely

collect_rarely()
