// A softmax or sigmoid network and its training in plain double loops: what every kernel is held to.
//
// With bfloat16 the products' operands are rounded where layout.h rounds them: weights, the inputs of a layer and
// gradients. All else is exact but for the last digits of a double.
#pragma once

#include <cmath>
#include <cstddef>
#include <random>
#include <span>
#include <vector>

#include "problem.h"

namespace tenfold::tests {

using Row = std::vector<double>;
using Matrix = std::vector<Row>;

// The nearest number of eight binary digits, the even one of two.
inline double to_bfloat16(double number) {
    int exponent = 0;
    const double digits = std::frexp(number, &exponent);
    return std::ldexp(std::nearbyint(digits * 256), exponent - 8);
}

struct OracleLayer {
    Matrix weight, weight_momentum;  // [outputs][inputs]
    Row bias, bias_momentum;         // [outputs]
    Matrix input;                    // [batch][inputs], as the product takes them

    std::size_t inputs() const { return weight.front().size(); }
    std::size_t outputs() const { return weight.size(); }
};

inline std::vector<OracleLayer> layers_of(const State& weights, const State& momentum) {
    std::vector<OracleLayer> layers;
    for (std::size_t l = 0; l < weights.weight.size(); ++l) {
        const std::size_t outputs = weights.bias[l].size(), inputs = weights.weight[l].size() / outputs;
        OracleLayer layer;
        for (std::size_t o = 0; o < outputs; ++o) {
            const float* w = weights.weight[l].data() + o * inputs;
            const float* v = momentum.weight[l].data() + o * inputs;
            layer.weight.emplace_back(w, w + inputs);
            layer.weight_momentum.emplace_back(v, v + inputs);
        }
        layer.bias.assign(weights.bias[l].begin(), weights.bias[l].end());
        layer.bias_momentum.assign(momentum.bias[l].begin(), momentum.bias[l].end());
        layers.push_back(layer);
    }
    return layers;
}

// Sums side by side, and how large their terms were.
struct Sums {
    Row total, size;

    explicit Sums(std::size_t count) : total(count), size(count) {}
    explicit Sums(const Row& start) : total(start), size(start) {
        for (double& s : size) s = std::abs(s);
    }
    void add(double factor, const Row& row) {
        for (std::size_t i = 0; i < row.size(); ++i) total[i] += factor * row[i];
        for (std::size_t i = 0; i < row.size(); ++i) size[i] += std::abs(factor * row[i]);
    }
};

class Oracle {
public:
    // With a disturbance every sum errs by that part of the size of its terms, up or down by turns of chance; the
    // opposite disturbance errs the other way. Answers that this moves far are none that float32 could give.
    Oracle(const Problem& problem, bool rounds, double disturbance = 0)
        : problem_(problem), rounds_(rounds), disturbance_(disturbance) {}

    void load(const State& weights, const State& momentum) { layers_ = layers_of(weights, momentum); }
    Matrix logits(std::span<const std::int64_t> rows);                       // [rows][outputs]
    double step(std::span<const std::int64_t> batch, double learning_rate);  // returns the mean loss

    const std::vector<OracleLayer>& layers() const { return layers_; }

private:
    double operand(double number) const { return rounds_ ? to_bfloat16(number) : number; }
    Matrix operands(Matrix numbers) const;
    Row disturbed(const Sums& sums);
    Row normalised(std::int64_t example);
    double loss(std::int64_t example, Row& logits, std::size_t batch_size);
    Matrix input_gradient(const OracleLayer& layer, const Matrix& gradient);
    void descend(OracleLayer& layer, const Matrix& gradient, double learning_rate);
    void descend(double gradient, double& weight, double& momentum, double learning_rate) const;

    const Problem& problem_;
    const bool rounds_;
    const double disturbance_;
    std::mt19937 chance_;
    std::vector<OracleLayer> layers_;
};

inline Matrix Oracle::operands(Matrix numbers) const {
    for (Row& row : numbers)
        for (double& number : row) number = operand(number);
    return numbers;
}

inline Row Oracle::disturbed(const Sums& sums) {
    Row row = sums.total;
    if (disturbance_ == 0) return row;
    for (std::size_t i = 0; i < row.size(); ++i)
        row[i] += (chance_() & 1 ? disturbance_ : -disturbance_) * sums.size[i];
    return row;
}

inline Row Oracle::normalised(std::int64_t example) {
    const std::size_t features = problem_.features(), start = static_cast<std::size_t>(example) * features;
    const bool given = are_numbers(problem_.shape.form);
    Sums row(features);
    for (std::size_t i = 0; i < features; ++i) {
        const double number = given ? problem_.numbers[start + i] : problem_.pixels[start + i] / 255.0;
        const std::size_t entry = i % problem_.mean.size();
        row.total[i] = (number - problem_.mean[entry]) / problem_.std[entry];
        row.size[i] = (std::abs(number) + problem_.mean[entry]) / problem_.std[entry];
    }
    return disturbed(row);
}

inline Matrix transposed(const Matrix& rows) {
    Matrix columns(rows.front().size(), Row(rows.size()));
    for (std::size_t r = 0; r < rows.size(); ++r)
        for (std::size_t c = 0; c < columns.size(); ++c) columns[c][r] = rows[r][c];
    return columns;
}

inline Matrix Oracle::logits(std::span<const std::int64_t> rows) {
    Matrix x;
    for (const std::int64_t row : rows) x.push_back(normalised(row));
    for (OracleLayer& layer : layers_) {
        const bool hidden = &layer != &layers_.back();
        const Matrix from_input = transposed(operands(layer.weight));
        layer.input = operands(x);
        for (std::size_t r = 0; r < x.size(); ++r) {
            Sums z(layer.bias);
            for (std::size_t i = 0; i < layer.inputs(); ++i) z.add(layer.input[r][i], from_input[i]);
            x[r] = disturbed(z);
            for (double& number : x[r])
                if (hidden && number < 0) number = 0;
        }
    }
    return x;
}

inline double softplus(double z) { return std::max(z, 0.0) + std::log1p(std::exp(-std::abs(z))); }

// Logarithms of the probabilities of being and of not being of a class. The second is asked for under a sigmoid only.
struct LogProbability {
    double of, of_not = 0;
};

inline std::vector<LogProbability> log_probabilities(const Row& logits, Head head) {
    std::vector<LogProbability> all;
    const double largest = *std::ranges::max_element(logits);
    double sum = 0;
    for (const double z : logits) sum += std::exp(z - largest);
    for (const double z : logits) {
        if (head == Head::sigmoid) all.push_back({-softplus(-z), -softplus(z)});
        if (head == Head::softmax) all.push_back({z - largest - std::log(sum)});
    }
    return all;
}

// Turns logits into the gradient of the mean loss; returns this example's loss in nats.
inline double Oracle::loss(std::int64_t example, Row& logits, std::size_t batch_size) {
    const std::int64_t label = problem_.labels[example];
    const double weight = problem_.example_weights.empty() ? 1 : problem_.example_weights[example];
    const bool sigmoid = problem_.shape.head == Head::sigmoid;
    const double smoothing = problem_.label_smoothing, classes = sigmoid ? 2 : static_cast<double>(logits.size());
    const std::vector<LogProbability> log_p = log_probabilities(logits, problem_.shape.head);
    double loss = 0;
    Sums gradient(logits.size());
    for (std::size_t c = 0; c < logits.size(); ++c) {
        const bool is_label = static_cast<std::int64_t>(c) == (sigmoid ? 1 - label : label);
        const double target = (is_label ? 1 - smoothing : 0) + smoothing / classes, p = std::exp(log_p[c].of);
        loss -= target * log_p[c].of + (sigmoid ? (1 - target) * log_p[c].of_not : 0);
        gradient.total[c] = weight * (p - target) / batch_size;
        gradient.size[c] = weight * (p + target) / batch_size;
    }
    logits = disturbed(gradient);
    return weight * loss;
}

inline Matrix Oracle::input_gradient(const OracleLayer& layer, const Matrix& gradient) {
    const Matrix weight = operands(layer.weight);
    Matrix below;
    for (std::size_t r = 0; r < gradient.size(); ++r) {
        Sums dx(layer.inputs());
        for (std::size_t o = 0; o < layer.outputs(); ++o) dx.add(gradient[r][o], weight[o]);
        below.push_back(disturbed(dx));
        for (std::size_t i = 0; i < layer.inputs(); ++i)
            if (layer.input[r][i] <= 0) below[r][i] = 0;
    }
    return operands(below);
}

// torch.optim.SGD, its documentation's formula.
inline void Oracle::descend(double gradient, double& weight, double& momentum, double learning_rate) const {
    const double g = gradient + problem_.weight_decay * weight;
    momentum = problem_.friction * momentum + g;
    weight -= learning_rate * (problem_.nesterov ? g + problem_.friction * momentum : momentum);
}

inline void Oracle::descend(OracleLayer& layer, const Matrix& gradient, double learning_rate) {
    Sums by_bias(layer.outputs());
    for (const Row& row : gradient) by_bias.add(1, row);
    const Row of_bias = disturbed(by_bias);
    for (std::size_t o = 0; o < layer.outputs(); ++o) {
        Sums by_weight(layer.inputs());
        for (std::size_t r = 0; r < gradient.size(); ++r) by_weight.add(gradient[r][o], layer.input[r]);
        const Row of_weight = disturbed(by_weight);
        for (std::size_t i = 0; i < layer.inputs(); ++i)
            descend(of_weight[i], layer.weight[o][i], layer.weight_momentum[o][i], learning_rate);
        descend(of_bias[o], layer.bias[o], layer.bias_momentum[o], learning_rate);
    }
}

inline double Oracle::step(std::span<const std::int64_t> batch, double learning_rate) {
    chance_.seed(1);
    Matrix gradient = logits(batch);
    double total = 0;
    for (std::size_t r = 0; r < batch.size(); ++r)
        total += loss(batch[r], gradient[r], batch.size());
    gradient = operands(gradient);
    for (std::size_t l = layers_.size(); l-- > 0;) {
        const Matrix below = l > 0 ? input_gradient(layers_[l], gradient) : Matrix{};
        descend(layers_[l], gradient, learning_rate);
        gradient = below;
    }
    return total / static_cast<double>(batch.size());
}

}  // namespace tenfold::tests
