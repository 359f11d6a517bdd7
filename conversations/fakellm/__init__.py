"""A local stand-in for language model providers: OpenAI's wire format, invented models, seeded answers.

It serves the demo, the tests and load measurements. It holds no Django code, so that it runs alone and light.
"""
