"""Published weights to probabilities: the figures of the paper, to the digit."""

import json
from io import StringIO

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from analysis.dissection.properties import SCENARIOS, SLUGS
from analysis.dissection.similarity import ordered, similarity
from analysis.dissection.weights import Weights, read_weights, write_weights
from prism.lib.processes import CHECKOUT

PUBLISHED = CHECKOUT.parent / "shared" / "data" / "dissection" / "fitted_weights"
needs_published = pytest.mark.skipif(not PUBLISHED.exists(), reason="the published weights are not here")
GPT = "gpt-4-1106-preview"

# Judge, group, the three most liked, and what is liked least; the last ones first.
SINGLE_GROUPS = """
human|Unsafe Queries|no_severe_errors 60.14, relevant 59.95, satisfies_constraints 59.23
human|Unsafe Queries||admits_limits 30.71, harmless 41.99, polite 47.57
human|Communication|lengthy 61.91, friendly 58.80, no_severe_errors 55.47|admits_limits 38.65
human|Exam Questions|no_severe_errors 72.29, step_by_step 70.27, authoritative 57.45|no_moderate_errors 49.06
human|w_stances|supports_stances 64.68, rich_information 61.54, well_formatted 59.06|admits_limits 46.88
human|w_mistakes|relevant 67.01, no_severe_errors 62.66, rich_information 60.62|harmless 39.65
gpt|Knowledge-aware|no_severe_errors 84.86, clear 73.01, no_moderate_errors 67.61|empathetic 49.80
gpt|w_constraints|satisfies_constraints 82.02, no_severe_errors 78.89, novel 72.90|informal 47.07
gpt|w_mistakes|corrects_mistakes 73.37, no_severe_errors 73.06, clear 67.21|no_minor_errors 48.07
gpt|intent_unclear|clarifies_intent 77.53, no_severe_errors 72.70, novel 55.89|admits_limits 48.16
"""


def dissect(*arguments):
    out = StringIO()
    call_command("dissect", *map(str, arguments), stdout=out, stderr=StringIO())
    return out.getvalue()


def ends(values, *, liked):
    found = sorted(values.items(), key=lambda pair: pair[1], reverse=liked)
    return [f"{slug} {value:.2f}" for slug, value in found]


@needs_published
def test_the_published_figures_come_out_of_the_published_weights():
    found = json.loads(dissect("--weights", PUBLISHED, "--json"))
    assert found["properties"] == list(SLUGS)
    assert len(found["properties"]) == 29
    assert found["scenarios"] == list(SCENARIOS)
    assert len(found["judges"]) == 33
    means = {judge: found["mean_over_scenarios"][judge] for judge in found["judges"]}
    severe = {judge: values["no_severe_errors"] for judge, values in means.items()}
    assert [severe["human"], severe[GPT], severe["qwen-72b-chat"]] == [62.86, 76.19, 65.27]
    assert max(value for judge, value in severe.items() if judge not in ("human", GPT)) == 65.27
    for line in SINGLE_GROUPS.strip().splitlines():
        judge, group, most, *least = line.split("|")
        values = found["probability"][GPT if judge == "gpt" else judge][group]
        assert not most or ends(values, liked=True)[:3] == most.split(", ")
        expected = least[0].split(", ") if least else []
        assert ends(values, liked=False)[: len(expected)] == expected
    order = [told.split()[0] for told in ends(means["human"], liked=True)]
    assert order[:6] == [
        "no_severe_errors",
        "novel",
        "satisfies_constraints",
        "rich_information",
        "relevant",
        "lengthy",
    ]
    assert order[-3:] == ["no_minor_errors", "harmless", "admits_limits"]
    assert all(means["human"][slug] < 50 for slug in order[-3:])
    order = [told.split()[0] for told in ends(means[GPT], liked=True)]
    assert order[:5] == ["no_severe_errors", "satisfies_constraints", "novel", "rich_information", "clear"]
    every = [
        v for groups in found["probability"].values() for values in groups.values() for v in values.values()
    ]
    assert (len(every), min(every), max(every)) == (15_312, 29.18, 84.86)


@needs_published
def test_judges_of_one_size_are_more_alike_and_one_pair_is_the_exception():
    found = json.loads(dissect("--weights", PUBLISHED, "--json"))["similarity"]
    classes, names = found["by_size"], found["judges"]
    assert min(classes["within_small"], classes["within_large"]) > classes["between"]
    assert names[:2] == ["yi-6b", "yi-6b-chat"]
    assert names[-3:] == ["gpt-3.5-turbo-1106", GPT, "human"]
    matrix = np.array(found["matrix"])
    assert np.allclose(matrix, matrix.T)
    assert np.allclose(np.diag(matrix), 1)
    own = {
        name: matrix[names.index(name), names.index(f"{name}-chat")]
        for name in names
        if f"{name}-chat" in names
    }
    assert len(own) == 8
    assert [name for name, value in own.items() if value < 0.8] == ["llama-2-7b"]


def test_a_judge_who_lacks_a_scenario_has_no_mean_and_the_files_come_back_the_same(tmp_path):
    rng = np.random.default_rng(0)
    alpha = rng.normal(0, 0.2, (2, 3, 29))
    alpha[1, 0] = np.nan
    weights = Weights(("anna", "llama-13b"), ("Code", "Others", "w_stances"), alpha)
    write_weights(weights, tmp_path)
    back = read_weights(tmp_path)
    assert (back.judges, back.groups) == (weights.judges, weights.groups)
    assert np.array_equal(back.alpha, alpha, equal_nan=True)
    found = json.loads(dissect("--weights", tmp_path, "--json"))
    expected = (100 / (1 + np.exp(-alpha[0, :2]))).mean(axis=0)  # w_stances is a subset and does not count
    assert list(found["mean_over_scenarios"]["anna"].values()) == pytest.approx(expected, abs=0.006)
    assert set(found["mean_over_scenarios"]["llama-13b"].values()) == {None}
    assert found["judges"] == ["llama-13b", "anna"]
    one = np.corrcoef(alpha[:, 1])[0, 1]
    assert found["similarity"]["matrix"][0][1] == pytest.approx(one, abs=1e-4)
    assert "likes most" in dissect("--weights", tmp_path)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"model_name": "x", "parameters": [1, 2]}', "line 1: no judge with 29 numbers"),
        (json.dumps({"model_name": "x", "parameters": [float("nan")] * 29}), "line 1: no judge"),
        ((json.dumps({"model_name": "x", "parameters": [0] * 29}) + "\n") * 2, "line 2: a second line of x"),
        ("", "has no lines"),
    ],
)
def test_files_that_are_no_weights_are_refused_by_line(tmp_path, line, said):
    (tmp_path / "model_Code_fitted_paras.jsonl").write_text(line)
    with pytest.raises(CommandError, match=said):
        dissect("--weights", tmp_path)


def test_other_measures_of_similarity():
    weights = np.array([[[0.0, 1, 2, 3]], [[0, 10, 20, 900]], [[1, 2, 3, 4]]])
    assert similarity(weights, "spearman") == pytest.approx(np.ones((3, 3)))
    assert similarity(weights, "pearson")[0, 1] < 0.9
    assert similarity(weights, "l1")[0, 2] == similarity(weights, "l2")[0, 2] == -1
    assert ordered(["human", "b-70b", "gpt-4", "a-70b", "mistral-8x7b", "my judge"]) == [
        "mistral-8x7b", "a-70b", "b-70b", "my judge", "gpt-4", "human",
    ]  # fmt: skip
