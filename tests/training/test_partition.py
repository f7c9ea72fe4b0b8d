"""What is learnt from and what is held out: every image once, exact counts, scikit-learn's weights."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from sklearn.utils.class_weight import compute_class_weight, compute_sample_weight

from tenfold.training.partition import class_weights, partition
from tenfold.training.recipe import Recipe

LECTURE = Recipe.named("lecture")
label_arrays = st.lists(st.integers(0, 4), min_size=1, max_size=300).map(
    lambda drawn: np.array(drawn, np.int64)
)
held_out = st.builds(
    LECTURE.with_changes,
    calibration_images=st.integers(0, 40),
    patience=st.integers(0, 2),
    seed=st.integers(0, 2**32 - 1),
)


@given(label_arrays, held_out, st.booleans())
def test_every_image_has_one_purpose_and_counts_are_as_asked(labels, recipe, has_validation):
    parts = partition(labels, recipe, has_validation)
    everything = np.concatenate([parts.learn, parts.calibration, parts.validation])
    np.testing.assert_array_equal(np.sort(everything), np.arange(len(labels)))
    tenth = len(labels) // 10
    assert len(parts.calibration) == min(recipe.calibration_images, tenth)
    assert len(parts.validation) == (tenth if recipe.patience and not has_validation else 0)
    for places in (parts.learn, parts.calibration, parts.validation):
        assert (np.diff(places) > 0).all()
    again = partition(labels, recipe, has_validation)
    np.testing.assert_array_equal(again.calibration, parts.calibration)
    np.testing.assert_array_equal(again.validation, parts.validation)


def test_each_class_gives_its_share_and_another_seed_gives_others():
    labels = np.repeat(np.arange(3), [1000, 600, 400])
    recipe = LECTURE.with_changes(calibration_images=100, patience=1)
    parts, others = (partition(labels, recipe.with_changes(seed=seed)) for seed in (0, 1))
    assert np.bincount(labels[parts.calibration]).tolist() == [50, 30, 20]
    assert np.bincount(labels[parts.validation]).tolist() == [100, 60, 40]
    assert parts.calibration.tolist() != others.calibration.tolist()


def test_early_stopping_does_not_change_what_is_held_out_for_calibration():
    labels = np.arange(500) % 5
    recipe = LECTURE.with_changes(calibration_images=30)
    with_stopping = partition(labels, recipe.with_changes(patience=3))
    np.testing.assert_array_equal(partition(labels, recipe).calibration, with_stopping.calibration)


def test_of_mnist_five_thousand_images_at_most_are_for_stopping():
    parts = partition(np.arange(60_000) % 10, Recipe.named("fast").with_changes(patience=5))
    assert (len(parts.learn), len(parts.calibration), len(parts.validation)) == (53_000, 2_000, 5_000)


@given(label_arrays, st.integers(0, 99))
def test_class_weights_are_scikit_learns(labels, seed):
    rng = np.random.default_rng(seed)
    learn = np.flatnonzero(rng.random(len(labels)) < 0.7)
    if len(learn) == 0:
        learn = np.array([0])
    found = class_weights(labels, learn, LECTURE.with_changes(class_weight="balanced"))
    assert found.dtype == np.float32 and found.shape == labels.shape
    np.testing.assert_allclose(found[learn], compute_sample_weight("balanced", labels[learn]), rtol=1e-6)
    classes = np.unique(labels[learn])
    expected = compute_class_weight("balanced", classes=classes, y=labels[learn])
    for label, weight in zip(classes, expected, strict=True):
        np.testing.assert_allclose(found[labels == label], weight, rtol=1e-6)


def test_without_the_flag_there_are_no_weights():
    assert class_weights(np.array([0, 0, 1]), np.arange(3), LECTURE) is None
