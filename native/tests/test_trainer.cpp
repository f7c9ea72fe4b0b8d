// Training against plain double loops, step by step: each step of the oracle starts from the trainer's own state.
//
// The error of a layer is its largest difference over its largest entry, of weights and of momentum (which shows the
// gradient), biases among them: a lone bias may sum to almost nothing. float32 may err by 1e-5. With bfloat16 the
// oracle rounds the operands that the kernels round. What is left is that a number near the middle between two of
// bfloat16 may be rounded to the other one, which moves it by 2^-8, one term among many: half of that is allowed.
// Steps whose answer hangs by float32's last digits (a neuron on the edge of ReLU, a sum of almost nothing) are not
// compared: two oracles that err by these digits in opposite ways must agree. One in ten is not.
#include <cmath>

#include "check.h"
#include "oracle.h"
#include "problem.h"
#include "tables.h"

namespace tenfold::tests {

namespace {

constexpr double kFloat32Error = 1e-5, kBfloat16Error = 0x1p-9;
constexpr double kDisturbance = 0x1p-23;  // twice float32's rounding

struct Outcome {
    double largest_error = 0;
    int steps = 0, compared = 0;

    void operator+=(const Outcome& other) {
        largest_error = std::max(largest_error, other.largest_error);
        steps += other.steps;
        compared += other.compared;
    }
};

class Largest {
public:
    void compare(const Row& found, const Row& expected) {
        for (std::size_t i = 0; i < expected.size(); ++i) {
            const double difference = std::abs(found[i] - expected[i]);
            difference_ = std::isnan(difference) ? HUGE_VAL : std::max(difference_, difference);
            entry_ = std::max(entry_, std::abs(expected[i]));
        }
    }
    void compare(const Matrix& found, const Matrix& expected) {
        for (std::size_t row = 0; row < expected.size(); ++row) compare(found[row], expected[row]);
    }
    double error() const { return difference_ / entry_; }

private:
    double difference_ = 0, entry_ = 0;
};

double largest_error(const std::vector<OracleLayer>& found, const std::vector<OracleLayer>& expected) {
    double error = 0;
    for (std::size_t l = 0; l < expected.size(); ++l) {
        Largest weights, momentum;
        weights.compare(found[l].weight, expected[l].weight);
        weights.compare(found[l].bias, expected[l].bias);
        momentum.compare(found[l].weight_momentum, expected[l].weight_momentum);
        momentum.compare(found[l].bias_momentum, expected[l].bias_momentum);
        error = std::max({error, weights.error(), momentum.error()});
    }
    return error;
}

// The same step by three oracles, two of them disturbed.
struct Expected {
    Oracle exact, above, below;
    double loss = 0, spread = 0;  // how far the answers of the disturbed ones lie apart

    Expected(const Problem& problem, bool rounds)
        : exact(problem, rounds), above(problem, rounds, kDisturbance), below(problem, rounds, -kDisturbance) {}

    void step(const State& weights, const State& momentum, std::span<const std::int64_t> batch, double rate) {
        for (Oracle* oracle : {&exact, &above, &below}) oracle->load(weights, momentum);
        loss = exact.step(batch, rate);
        const double of_loss = std::abs(above.step(batch, rate) - below.step(batch, rate)) / std::max(1.0, loss);
        spread = std::max(of_loss, largest_error(above.layers(), below.layers()));
    }
};

// Trains one epoch, a call a batch, the oracle beside it.
Outcome compare(const Table& table, const Problem& problem, int threads) {
    const Shape& shape = problem.shape;
    Outcome outcome;
    State weights = problem.weights, momentum = problem.momentum;
    Trainer trainer(shape.widths, shape.head, table.isa, table.precision, threads);
    trainer.load(weights.tensors(), momentum.tensors());
    Expected expected(problem, table.packed());
    const double allowed = table.packed() ? kBfloat16Error : kFloat32Error;
    for (std::size_t i = 0; i < problem.batches(); ++i) {
        expected.step(weights, momentum, problem.batch(i), problem.rates[i]);
        double loss = 0;
        trainer.train(problem.examples(), problem.batch(i), problem.step(i), {&loss, 1});
        trainer.store_weights(weights.tensors());
        trainer.store_momentum(momentum.tensors());
        ++outcome.steps;
        if (expected.spread > allowed) continue;
        ++outcome.compared;
        const double error = largest_error(layers_of(weights, momentum), expected.exact.layers());
        const std::string about = table.name() + ", " + shape.name() + ", step " + std::to_string(i);
        CHECK(std::abs(loss - expected.loss) <= allowed * std::max(1.0, expected.loss), about);
        CHECK(error <= allowed, about + ", error " + std::to_string(error / allowed) + " of the allowed");
        outcome.largest_error = std::max(outcome.largest_error, error);
    }
    return outcome;
}

// Where something changes: blocks of 32, panels of 1,024 words, batches of 256 and 512, tables of 16 channels.
std::vector<Shape> edges() {
    const Head sigmoid = Head::sigmoid;
    return {
        {.widths = {1, 2}, .batch_size = 1, .examples = 3},
        {.widths = {1, 1}, .batch_size = 2, .examples = 5, .head = sigmoid},
        {.widths = {32, 32, 32}, .batch_size = 32, .examples = 96},
        {.widths = {33, 31, 65, 40}, .batch_size = 33, .examples = 80, .form = Form::coloured},
        {.widths = {16, 31, 2}, .batch_size = 31, .examples = 62, .form = Form::each_pixel},
        {.widths = {17, 33, 2}, .batch_size = 31, .examples = 63, .form = Form::each_pixel},
        {.widths = {3000, 7, 3}, .batch_size = 33, .examples = 140},
        {.widths = {2500, 33, 1}, .batch_size = 2, .examples = 13, .head = sigmoid, .form = Form::numbers},
        {.widths = {20, 1100, 5}, .batch_size = 5, .examples = 10},
        {.widths = {100, 33, 10}, .batch_size = 300, .examples = 650},
        {.widths = {31, 3, 4}, .batch_size = 600, .examples = 1100, .form = Form::numbers},
        {.widths = {64, 7, 1500}, .batch_size = 3, .examples = 7},
        {.widths = {50000, 2}, .batch_size = 2, .examples = 4},
        {.widths = {9, 8, 9, 8, 9, 8, 9, 8, 9, 8, 9, 8, 9}, .batch_size = 64, .examples = 130},
    };
}

Shape drawn(Random& random) {
    const auto width = [&] { return random.one_of<std::size_t>({1, 2, 3, 7, 8, 15, 16, 31, 32, 33, 64, 65, 100}); };
    Shape shape;
    shape.form = random.one_of({Form::grey, Form::coloured, Form::each_pixel, Form::numbers, Form::ready});
    shape.head = random.below(3) == 0 ? Head::sigmoid : Head::softmax;
    shape.widths.push_back(random.one_of<std::size_t>({1, 2, 10, 31, 33, 64, 100, 300}));
    if (shape.form == Form::coloured) shape.widths[0] *= 3;
    for (std::size_t hidden = random.below(6); hidden > 0; --hidden) shape.widths.push_back(width());
    const std::size_t classes = random.one_of<std::size_t>({2, 3, 10, 32, 33, 40});
    shape.widths.push_back(shape.head == Head::sigmoid ? 1 : classes);
    shape.batch_size = random.one_of<std::size_t>({1, 2, 31, 32, 33, 64, 100});
    shape.examples = 2 * shape.batch_size + 1 + random.below(shape.batch_size);  // the third batch is short, or is not
    return shape;
}

}  // namespace

TEST(every_step_agrees_with_plain_loops) {
    constexpr int kDrawn = 60;
    for (const Table& table : all_tables()) {
        Outcome all;
        Random random(2024);
        for (std::uint64_t seed = 1; seed <= kDrawn; ++seed)
            all += compare(table, Problem(drawn(random), seed), 1 + static_cast<int>(seed % 3));
        CHECK(all.compared > all.steps * 3 / 4, table.name());
        std::printf("  %s: largest error %.1e in %d of %d steps\n", table.name().c_str(), all.largest_error,
                    all.compared, all.steps);
    }
}

TEST(every_step_agrees_at_the_edges) {
    for (const Table& table : all_tables()) {
        std::uint64_t seed = 1000;
        for (const Shape& shape : edges())
            CHECK(compare(table, Problem(shape, ++seed), 2).compared > 0, table.name() + ", " + shape.name());
    }
}

// Logits in the hundreds: powers of e that float32 cannot hold, probabilities of nought and one.
TEST(every_step_agrees_when_probabilities_are_certain) {
    for (const Table& table : all_tables())
        for (const Head head : {Head::softmax, Head::sigmoid}) {
            const std::size_t outputs = head == Head::softmax ? 5 : 1;
            Problem problem({.widths = {40, 33, outputs}, .batch_size = 33, .examples = 99, .head = head}, 2000);
            for (float& w : problem.weights.weight.back()) w *= 100;
            problem.label_smoothing = 0;
            CHECK(compare(table, problem, 2).compared > 0, table.name());
        }
}

}  // namespace tenfold::tests
