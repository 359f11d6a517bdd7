"""What a judge prefers, property by property: from annotated pairs or published weights to probabilities.

Numbers in, numbers out: nothing here knows the database. After "Dissecting Human and LLM Preferences"
(Li et al., ACL 2024, arXiv 2402.11296).
"""
