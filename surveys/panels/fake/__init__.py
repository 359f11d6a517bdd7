"""A panel to try things with: a real HTTP server that speaks as much of Prolific as Prism uses."""
