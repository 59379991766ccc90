"""Style features and the style score of submissions."""

import ast

import numpy as np
import pytest

from codekiln.recipes.student.style import StyleFeatures, fit_style_component, style_features
from tests.recipes.student.small_course import HANGS, NO_COLON, RIGHT, STACK_RIGHT, WRONG


def test_measurements_of_a_small_program():
    form = style_features("x=1\n\ny = f( x)\n")
    assert (form.lines, form.characters) == (2, 15)
    assert form.issues == 1.0  # E225 and E201 on two lines
    assert form.ast_nodes == sum(1 for _ in ast.walk(ast.parse("x=1\ny = f(x)")))
    assert (form.ast_depth, form.ast_width) == (5, 4)


def test_a_snippet_is_not_blamed_for_what_only_a_file_can_have():
    assert style_features(f"x = 1\n{RIGHT}").issues == 0
    assert style_features(f"{RIGHT}\n\n").issues == 0


@pytest.mark.parametrize("code", [NO_COLON, "x = (", "\x00", "(" * 500])
def test_what_does_not_parse_has_a_size_and_no_tree(code):
    form = style_features(code)
    assert form.characters == len(code)
    assert form.ast_depth is form.ast_width is form.ast_nodes is None


def test_the_style_score_grows_with_the_program_and_is_centred_on_the_real_ones():
    forms = [style_features("\n".join(["x = 1"] * count)) for count in (1, 2, 4, 9)]
    axis = fit_style_component(forms)
    scores = [axis.score(form) for form in forms]
    assert scores == sorted(scores)
    assert sum(scores) == pytest.approx(0, abs=1e-9)
    assert axis.score(style_features(NO_COLON)) is None


def test_the_style_score_is_the_first_principal_component():
    forms = [style_features(code) for code in (RIGHT, WRONG, STACK_RIGHT, HANGS)]
    axis = fit_style_component(forms)
    values = np.array([[f.lines, f.characters, f.ast_depth, f.ast_width, f.ast_nodes] for f in forms], dtype=float)
    standard = (values - values.mean(0)) / values.std(0)
    largest = np.linalg.eigvalsh(np.cov(standard.T, bias=True))[-1]
    assert np.var([axis.score(form) for form in forms]) == pytest.approx(largest)


def test_a_style_score_needs_two_programs_that_parse():
    assert fit_style_component([style_features(RIGHT), style_features(NO_COLON)]) is None


def test_what_never_varies_counts_nothing():
    axis = fit_style_component([StyleFeatures(1, 10, 0.0, 3, 3, 5), StyleFeatures(1, 20, 0.0, 3, 3, 7)])
    assert axis.loadings[0] == axis.loadings[2] == 0
    assert np.isfinite(axis.score(StyleFeatures(9, 10, 0.0, 9, 9, 5)))
