"""How providers do: what is left of their budgets and limits, whether they answer, and when they rest."""
