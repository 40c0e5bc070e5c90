"""The parts of deep rankers against numbers worked out by hand."""

import numpy as np
import pytest
import torch
from torch.nn.functional import embedding_bag

from embedding_features.errors import DataError, TrainingError
from ranking.inputs.fields import Bag, Category, History, Number, Vector
from ranking.inputs.inputs import Inputs
from ranking.models.design import bag_columns, design_matrix
from ranking.models.dlrm import DLRM, InteractionArch
from ranking.models.layers import DenseArch
from ranking.models.lookup import bag_sum, lookup
from ranking.models.module import RankerNetwork
from ranking.models.pretrained.projected import ProjectedVectors
from ranking.models.schema import Schema
from ranking.models.sparse import SparseArch
from ranking.models.tensors import Batch
from ranking.models.training import RankerTraining, labelled_log_loss, train_model
from ranking.models.wide import WideArch
from ranking.models.wide_deep import WideDeep
from ranking.testing.planted import planted_inputs

NAN = float("nan")


def i32(values):
    return np.array(values, np.int32)


def f32(values):
    return np.array(values, np.float32)


def inputs(*fields, label=(0, 1)):
    return Inputs(f32(label), fields)


def batch_of(given):
    schema = Schema.of(given)
    return Batch.of(given, schema), schema


def seeded():
    return torch.Generator().manual_seed(0)


def codes(name, side, values, size, group="tokens", identity=False, table=None):
    return Category(name, group, side, table or name, i32(values), size, identity)


def bag(name, side, values, weights, size, group="tokens", table=None):
    return Bag(name, group, side, table or name, i32(values), f32(weights), size)


def test_dense_arch_by_hand():
    """Mean 2 and deviation 1 of the known; unknown is 0 with its indicator; a vector's presence follows."""
    known = Number("a", "base", f32([1, 3, NAN]))
    full = Number("b", "base", f32([0, 0, 3]))
    vector = Vector.of("v", "dense", "user", f32([[1], [0], [1]]), np.array([True, False, True]))
    batch, _ = batch_of(inputs(known, full, vector, label=(0, 1, 1)))
    root = 2**0.5
    expected = [[-1, -1 / root, 0, 1], [1, -1 / root, 0, 0], [0, root, 1, 1]]
    arch = DenseArch(batch)
    assert arch.columns == 4
    torch.testing.assert_close(arch(batch), torch.tensor(expected))


def test_dense_arch_uses_training_scales_and_clips():
    train, _ = batch_of(inputs(Number("a", "base", f32([1, 3]))))
    other, _ = batch_of(inputs(Number("a", "base", f32([4, 1000]))))
    torch.testing.assert_close(DenseArch(train)(other), torch.tensor([[2.0], [5.0]]))


def test_dense_arch_of_a_constant_and_of_a_column_unknown_throughout():
    batch, _ = batch_of(inputs(Number("a", "base", f32([7, 7])), Number("b", "base", f32([NAN, NAN]))))
    torch.testing.assert_close(DenseArch(batch)(batch), torch.tensor([[0.0, 0, 1], [0.0, 0, 1]]))


def test_projected_vectors_scale_by_length_and_keep_the_missing_at_zero():
    """Lengths 5 and 5 of the present: divided by 5, projected; all zero where missing."""
    vector = Vector.of("v", "dense", "user", f32([[3, 4], [0, 0], [0, 5]]), np.array([True, False, True]))
    batch, schema = batch_of(inputs(vector, label=(0, 1, 0)))
    arch = ProjectedVectors(batch, schema, 2, seeded())
    with torch.no_grad():
        arch.projections[0].weight.copy_(torch.tensor([[1.0, 0.0], [0.0, 10.0]]))
    torch.testing.assert_close(
        arch(batch, torch.zeros(3, 0, 2))[:, 0], torch.tensor([[0.6, 8.0], [0.0, 0.0], [0.0, 10.0]])
    )


def test_sparse_arch_shares_a_table_and_sums_bags():
    """A bag of item ids reads the rows of the item id's own embedding."""
    item = codes("item_id", "item", [1, 2], 3, identity=True)
    other = codes("colour", "item", [1, 0], 2)
    neighbours = bag("neighbours", "item", [[2, 1], [1, 0]], [[0.75, 0.25], [1, 0]], 3, table="item_id")
    batch, schema = batch_of(inputs(item, other, neighbours))
    assert schema.rows == 5
    arch = SparseArch(schema, 1, 0.0, seeded()).eval()
    with torch.no_grad():
        arch.table.copy_(torch.tensor([[0.0], [10], [20], [7], [8]]))
    expected = torch.tensor([[[10.0], [8], [17.5]], [[20.0], [7], [10]]])
    torch.testing.assert_close(arch(batch), expected)


def test_id_dropout_touches_ids_while_training_only():
    rows = 4000
    user = codes("user_id", "user", np.ones(rows), 2, identity=True)
    token = codes("token", "user", np.ones(rows), 2)
    batch, schema = batch_of(inputs(user, token, label=np.zeros(rows)))
    arch = SparseArch(schema, 1, 0.3, seeded())
    with torch.no_grad():
        arch.table.copy_(torch.tensor([[0.0], [1], [0], [1]]))
    trained = arch(batch).detach()[:, :, 0].mean(0)
    assert trained[0] == pytest.approx(0.7, abs=0.03)
    assert trained[1] == 1
    assert arch.eval()(batch).detach().min() == 1


@pytest.mark.parametrize("width", [1, 3])
def test_bag_sum_and_its_gradient_are_those_of_torch(width):
    generator = seeded()
    table = torch.randn(5, 2, generator=generator, dtype=torch.float32)
    ids = torch.randint(0, 5, (7, width), generator=generator)
    weights = torch.rand(7, width, generator=generator)
    above = torch.randn(7, 2, generator=generator)
    found = []
    for function in (
        lambda t: bag_sum(t, ids, weights),
        lambda t: embedding_bag(ids, t, per_sample_weights=weights, mode="sum"),
    ):
        leaf = table.clone().requires_grad_()
        out = function(leaf)
        (out * above).sum().backward()
        found.append((out.detach(), leaf.grad))
    torch.testing.assert_close(found[0], found[1])
    torch.testing.assert_close(lookup(table, ids), table[ids])


@pytest.mark.parametrize("weighted", [True, False])
def test_gradients_are_added_to_those_a_table_has(weighted):
    """Two lookups and two backward passes of one table: the sum of all four, as torch's own adds them."""
    ids = torch.tensor([[0, 2], [2, 2], [4, 1]])
    weights = torch.tensor([[1.0, 2], [3, 4], [5, 6]]) if weighted else None
    own, reference = (torch.arange(10.0).view(5, 2).requires_grad_() for _ in range(2))
    for _ in range(2):
        (lookup(own, ids).square().sum() + bag_sum(own, ids, weights).square().sum()).backward()
        bags = embedding_bag(ids, reference, per_sample_weights=weights, mode="sum")
        (reference[ids].square().sum() + bags.square().sum()).backward()
    torch.testing.assert_close(own.grad, reference.grad)


def test_interaction_arch_gives_back_the_gradient_of_its_products():
    arch = InteractionArch(4)
    generator = seeded()
    above = torch.randn(3, arch.pairs, generator=generator)
    own = torch.randn(3, 4, 2, generator=generator, requires_grad=True)
    reference = own.detach().clone().requires_grad_()
    (arch(own) * above).sum().backward()
    rows, columns = torch.tril_indices(4, 4, offset=-1)
    ((reference[:, rows] * reference[:, columns]).sum(2) * above).sum().backward()
    torch.testing.assert_close(own.grad, reference.grad)


def test_interaction_arch_by_hand():
    """Three features of two numbers: pairs (1, 0), (2, 0), (2, 1)."""
    features = torch.tensor([[[1.0, 2], [3, 4], [5, 6]]])
    arch = InteractionArch(3)
    assert arch.pairs == 3
    torch.testing.assert_close(arch(features), torch.tensor([[11.0, 17, 39]]))


def crossed():
    """Users of two fields, items of a field and a bag, an id, a field of another group."""
    return inputs(
        codes("user_id", "user", [1, 1], 9, identity=True),
        codes("u", "user", [2, 0], 3),
        codes("w", "user", [1, 1], 2),
        codes("i", "item", [3, 1], 4),
        codes("alone", "item", [1, 1], 2, group="base"),
        bag("b", "item", [[1, 2], [2, 0]], [[0.5, 0.5], [1, 0]], 3),
    )


def test_wide_arch_by_hand():
    """u × i, u × b, w × i, w × b lie one after another: 12 + 9 + 8 + 6 weights, no hash."""
    batch, schema = batch_of(crossed())
    arch = WideArch(schema, 100)
    assert arch.rows == 35
    assert not arch.hashed
    with torch.no_grad():
        arch.weight.copy_(torch.arange(35.0)[:, None])
    first = (2 * 4 + 3) + 0.5 * (12 + 2 * 3 + 1) + 0.5 * (12 + 2 * 3 + 2) + (21 + 4 + 3)
    first += 0.5 * (29 + 3 + 1) + 0.5 * (29 + 3 + 2)
    second = (0 * 4 + 1) + (12 + 0 * 3 + 2) + (21 + 4 + 1) + (29 + 3 + 2)
    torch.testing.assert_close(arch(batch), torch.tensor([first, float(second)]))


def test_wide_arch_crosses_only_what_has_one_place():
    """Of two tokens a side, first × first and second × second: 6 + 20 weights."""
    batch, schema = batch_of(
        inputs(
            *(
                Category(f"{side}{at}", "tokens", side, f"{side}{at}", i32([1, 1]), size, place=str(at))
                for side, sizes in (("user", (2, 4)), ("item", (3, 5)))
                for at, size in enumerate(sizes)
            )
        )
    )
    arch = WideArch(schema, 100)
    assert arch.rows == 2 * 3 + 4 * 5
    with torch.no_grad():
        arch.weight.copy_(torch.arange(26.0)[:, None])
    assert arch(batch).tolist() == [(1 * 3 + 1) + (6 + 1 * 5 + 1)] * 2


@pytest.mark.parametrize("buckets", [64, 60])
def test_wide_arch_hashes_what_does_not_fit(buckets):
    """Crosses beyond the buckets share weights, evenly: 10,000 crosses on some buckets leave none empty."""
    user = codes("u", "user", np.repeat(np.arange(100), 100), 100)
    item = codes("i", "item", np.tile(np.arange(100), 100), 100)
    batch, schema = batch_of(inputs(user, item, label=np.zeros(10_000)))
    arch = WideArch(schema, buckets)
    with torch.no_grad():
        arch.weight.copy_(torch.arange(float(buckets))[:, None])
    load = torch.bincount(arch(batch).long(), minlength=buckets)
    assert len(load) == buckets
    assert load.min() > 100
    assert load.max() < 240


def test_wide_arch_without_a_pair_of_sides_is_zero():
    batch, schema = batch_of(inputs(codes("i", "item", [1, 1], 2)))
    assert WideArch(schema, 8)(batch).tolist() == [0, 0]


@pytest.mark.parametrize("ranker", [DLRM(), WideDeep()], ids=lambda r: r.kind)
def test_every_weight_is_learned(ranker):
    """One backward pass over the planted inputs reaches every parameter."""
    batch, schema = batch_of(planted_inputs(500, 0))
    model = ranker.build(batch, schema, seeded())
    model(batch).square().sum().backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name


@pytest.mark.filterwarnings("ignore:Initializing zero-element tensors")
@pytest.mark.parametrize("ranker", [DLRM(), WideDeep()], ids=lambda r: r.kind)
def test_networks_of_one_kind_of_field_only(ranker):
    for field in (
        Number("a", "base", f32([1, 2])),
        codes("u", "user", [1, 0], 2),
        bag("b", "item", [[1]] * 2, [[1]] * 2, 2),
        Vector.of("v", "dense", "user", f32([[1], [2]]), np.array([True, True])),
    ):
        batch, schema = batch_of(inputs(field))
        assert ranker.build(batch, schema, seeded())(batch).shape == (2,)


def test_design_matrix_by_hand():
    """Numbers as they are, NaN for a missing vector, a small bag spread out, a large one by its top code."""
    small = bag("s", "item", [[2, 1], [1, 0]], [[0.25, 0.75], [1, 0]], 3)
    large = bag("l", "item", [[40, 7], [0, 0]], [[0.75, 0.25], [0, 0]], 50)
    vector = Vector.of("v", "dense", "user", f32([[1, 2], [0, 0]]), np.array([True, False]))
    history = History(
        "h",
        "dense",
        "user",
        "item_id",
        i32([[1, 2], [0, 0]]),
        3,
        i32([[1, 2], [0, 0]]),
        f32([[0, 0], [2, 0], [3, 3]]),
        "v",
    )
    given = inputs(
        codes("user_id", "user", [1, 1], 2, identity=True),
        Number("a", "base", f32([NAN, 5])),
        small,
        codes("t", "user", [3, 0], 4),
        vector,
        large,
        history,
    )
    columns = bag_columns(given)
    assert columns["s"] == (1, 2)
    assert columns["l"][:3] == (40, 7, 1)
    assert len(columns["l"]) == 32
    matrix, categories = design_matrix(given, columns)
    rest = [0.0] * 30
    cosines = [1 / 5**0.5, 3 / 10**0.5]
    first = [NAN, 0.75, 0.25, 3, 1, 2, 0.75, 0.25, *rest, 40, 2, np.mean(cosines), max(cosines)]
    second = [5, 1, 0, 0, NAN, NAN, 0, 0, *rest, 0, 0, NAN, NAN]
    np.testing.assert_allclose(matrix, f32([first, second]), rtol=1e-6)
    assert categories == [3, 38]


class Constant(RankerNetwork):
    """One weight that is the logit of every row."""

    def __init__(self, start):
        super().__init__()
        self.logit = torch.nn.Parameter(torch.tensor(float(start)))

    def represent(self, batch):
        return self.logit.expand(len(batch), 1)

    def head(self, representation):
        return representation[:, 0]


def constant_batch(share, rows=1000):
    label = np.arange(rows) < share * rows
    return batch_of(inputs(Number("a", "base", np.zeros(rows, np.float32)), label=label))[0]


def test_training_finds_the_base_rate():
    """The logit of a constant model ends at log(p / (1 - p)) = log 3."""
    model = Constant(0)
    settings = RankerTraining(learning_rate=0.05, batch_rows=1000, epochs=200, patience=200, decay=0)
    train_model(model, constant_batch(0.75), constant_batch(0.75), settings, seeded())
    assert model.logit.item() == pytest.approx(np.log(3), abs=0.01)
    assert not model.training


def test_training_keeps_the_best_epoch_and_stops():
    """Training pulls up, validation wants down: the first epoch is best, and is what is left."""
    model = Constant(0)
    settings = RankerTraining(learning_rate=0.1, batch_rows=1000, epochs=50, patience=3, decay=0)
    steps = []

    class Count:
        def task(self, name, total=None):
            return self

        def __enter__(self):
            return lambda steps_done=1, status="": steps.append(status)

        def __exit__(self, *_):
            return None

    best = train_model(model, constant_batch(0.9), constant_batch(0.1), settings, seeded(), Count())
    assert best == 1
    assert len(steps) == 4
    assert model.logit.item() == pytest.approx(0.1, abs=1e-3)


def test_a_loss_that_is_not_finite_is_refused():
    with pytest.raises(TrainingError, match="lower learning_rate"):
        train_model(Constant(NAN), constant_batch(0.5), constant_batch(0.5), RankerTraining(), seeded())


class Pull(torch.nn.Module):
    """A term with a weight of its own: pulls the representation of the target's rows to that weight."""

    def __init__(self):
        super().__init__()
        self.target = torch.nn.Parameter(torch.tensor(3.0))

    def forward(self, representation, batch):
        return (representation[batch.domain == 1, 0] - self.target).square().mean() * 1e3


def test_terms_of_the_loss_learn_along_and_rows_without_a_label_count_in_them_alone():
    """Half of the rows, of the target, have no label: log loss sees 3 : 1."""
    label = np.concatenate([np.arange(500) < 375, np.full(500, NAN)])
    domain = np.repeat([0, 1], 500)
    given = Inputs(f32(label), (Number("a", "base", np.zeros(1000, np.float32)),), domain=domain)
    train = Batch.of(given, Schema.of(given))
    settings = RankerTraining(learning_rate=0.02, batch_rows=1000, epochs=400, patience=400, decay=0)
    model, pull = Constant(0), Pull()
    train_model(model, train, constant_batch(0.75), settings, seeded(), terms=[pull])
    assert model.logit.item() == pytest.approx(np.log(3), abs=0.02)
    assert pull.target.item() == pytest.approx(1.5, abs=0.05)  # halfway, for the term weighs most


def test_log_loss_of_labelled_rows_by_hand():
    """−log σ(1) and −log σ(−1) of the two that are known; nothing known costs nothing."""
    logits, label = torch.tensor([1.0, 5.0, 1.0]), torch.tensor([1.0, NAN, 0.0])
    expected = (np.log1p(np.exp(-1)) + np.log1p(np.exp(1))) / 2
    assert labelled_log_loss(logits, label).item() == pytest.approx(expected, abs=1e-6)
    assert labelled_log_loss(logits[1:2], label[1:2]).item() == 0


@pytest.mark.parametrize(
    ("rows", "table", "says"),
    [([0, 3], [[0], [1], [2]], "rows from 0 to 3 of a table of 3"), ([0, 1], [[1], [2]], "row 0 is not all")],
)
def test_a_table_of_vectors_that_cannot_be(rows, table, says):
    with pytest.raises(DataError, match=says):
        Vector("v", "dense", "user", i32(rows), f32(table))


def test_a_history_without_a_vector_of_its_space_is_refused():
    history = History("h", "dense", "user", "item_id", i32([[1]]), 2, i32([[1]]), f32([[0], [1]]), "v")
    vector = Vector.of("v", "dense", "item", f32([[1, 2]]), np.array([True]))
    with pytest.raises(DataError, match="its vectors have 1 dims, those of 'v' 2"):
        Schema.of(inputs(history, vector, label=[0]))


def test_a_batch_by_hand():
    """Offsets of each vocabulary, rows as they are; a history's codes are those of its items' vocabulary."""
    item = Category("item_id", "base", "item", "item_id", i32([1, 2]), 3, True, key=np.array([70, 80]))
    group = codes("group", "user", [1, 0], 2)
    vector = Vector("v", "dense", "item", i32([1, 0]), f32([[0], [5]]))
    history = History(
        "h", "dense", "user", "item_id", i32([[2, 0], [0, 0]]), 3, i32([[1, 0], [0, 0]]), f32([[0], [7]]), "v"
    )
    batch, schema = batch_of(inputs(group, item, vector, history))
    assert batch.categorical.tolist() == [[1, 3], [0, 4]]
    assert batch.keys.tolist() == [[70], [80]]
    assert batch.vector(0).tolist() == [[5], [0]]
    assert batch.present.tolist() == [[1], [0]]
    assert batch.histories[0][0].tolist() == [[4, 2], [2, 2]]
    assert schema.histories[0].vector == 0
    assert schema.histories[0].item == 1
    part = batch.take(torch.tensor([1]))
    assert part.tables[0] is batch.tables[0]
    assert part.histories[0][0].tolist() == [[2, 2]]
