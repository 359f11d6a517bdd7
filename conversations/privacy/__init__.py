"""Personal data and moderation: a study's rules, the check before a text leaves, and the gate of exports."""
