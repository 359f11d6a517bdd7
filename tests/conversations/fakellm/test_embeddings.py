"""Embeddings: unit vectors, near where texts share words."""

import asyncio
import base64
from typing import Any

import httpx2
import numpy as np
import pytest

from tests.conversations.fakellm.calling import make_client


def as_vector(embedding: Any) -> Any:
    if isinstance(embedding, str):
        return np.frombuffer(base64.b64decode(embedding), dtype=np.float32)
    return np.array(embedding)


@pytest.mark.parametrize("encoding", ["float", "base64"])
@pytest.mark.parametrize(("asked", "dimensions"), [({}, 64), ({"dimensions": 8}, 8)])
def test_embeddings_are_unit_vectors_of_the_size_asked_for(
    base_url: str, encoding: Any, asked: dict[str, int], dimensions: int
) -> None:
    async def call() -> Any:
        async with make_client(base_url) as client:
            texts = ["red apples", "", "🍎"]
            return await client.embeddings.create(
                model="aurora-7b", input=texts, encoding_format=encoding, **asked
            )

    answer = asyncio.run(call())
    assert [item.index for item in answer.data] == [0, 1, 2]
    for item in answer.data:
        vector = as_vector(item.embedding)
        assert vector.shape == (dimensions,)
        assert np.linalg.norm(vector) == pytest.approx(1)


def test_texts_that_share_words_lie_closer(base_url: str) -> None:
    async def call() -> list[list[float]]:
        async with make_client(base_url) as client:
            texts = ["red apples and pears", "red apples and plums", "quantum field theory"]
            answer = await client.embeddings.create(model="aurora-7b", input=texts)
            return [item.embedding for item in answer.data]

    fruit, other_fruit, physics = asyncio.run(call())
    near = sum(a * b for a, b in zip(fruit, other_fruit, strict=True))
    far = sum(a * b for a, b in zip(fruit, physics, strict=True))
    assert near > far + 0.3


@pytest.mark.parametrize("body", [{}, {"model": "aurora-7b"}, {"model": "aurora-7b", "input": [1]}])
def test_a_malformed_embedding_request_is_a_bad_request(base_url: str, body: dict[str, Any]) -> None:
    assert httpx2.post(f"{base_url}/embeddings", json=body).status_code == 400
