// A network, examples and a recipe, drawn at random from a seed: the same numbers on every machine.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <random>
#include <span>
#include <sstream>
#include <string>
#include <vector>

#include "../trainer.h"

namespace tenfold::tests {

class Random {
public:
    explicit Random(std::uint64_t seed) : bits_(seed) {}

    std::size_t below(std::size_t end) { return bits_() % end; }
    // The library's own distributions differ from one machine to the next.
    float between(float low, float high) {
        return low + (high - low) * (static_cast<float>(bits_() >> 40) * 0x1p-24f);
    }
    template <class T>
    T one_of(std::initializer_list<T> choices) {
        return choices.begin()[below(choices.size())];
    }
    template <class T>
    void shuffle(std::vector<T>& items) {
        for (std::size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[below(i)]);
    }

private:
    std::mt19937_64 bits_;
};

using Floats = std::vector<float>;

inline bool same_bits(const Floats& a, const Floats& b) {
    return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

// A number for each weight and bias of a network: its weights, or its momentum.
struct State {
    std::vector<Floats> weight, bias;  // of each layer: [outputs][inputs], [outputs]

    explicit State(const std::vector<std::size_t>& widths) {
        for (std::size_t l = 0; l + 1 < widths.size(); ++l) {
            weight.emplace_back(widths[l] * widths[l + 1]);
            bias.emplace_back(widths[l + 1]);
        }
    }
    std::vector<LayerTensors> tensors() {
        std::vector<LayerTensors> layers;
        for (std::size_t l = 0; l < weight.size(); ++l) layers.push_back({weight[l].data(), bias[l].data()});
        return layers;
    }
    bool operator==(const State& other) const {
        return std::ranges::equal(weight, other.weight, same_bits) && std::ranges::equal(bias, other.bias, same_bits);
    }
};

// What a row is made of, and with how long a period it is normalised.
enum class Form {
    grey,        // pixels, one mean and deviation for all
    coloured,    // pixels, three channels next to each other
    each_pixel,  // pixels, each with its own: from 17 on too many for a table
    numbers,     // float32, each with its own
    ready,       // float32, taken as they are
};

inline bool are_numbers(Form form) { return form == Form::numbers || form == Form::ready; }

struct Shape {
    std::vector<std::size_t> widths;
    std::size_t batch_size = 1, examples = 1;
    Head head = Head::softmax;
    Form form = Form::grey;

    std::string name() const {
        const char* forms[] = {"grey", "coloured", "each pixel", "numbers", "ready"};
        std::ostringstream text;
        for (std::size_t l = 0; l < widths.size(); ++l) text << (l ? "-" : "") << widths[l];
        text << (head == Head::sigmoid ? " sigmoid, " : ", ") << forms[static_cast<int>(form)];
        text << ", batches of " << batch_size << " from " << examples;
        return text.str();
    }
};

struct Problem {
    Shape shape;
    State weights, momentum;
    std::vector<std::uint8_t> pixels;
    Floats numbers, mean, std, rates, example_weights;  // the last is empty where each example counts one
    std::vector<std::int64_t> labels, order;
    float friction = 0, weight_decay = 0, label_smoothing = 0;
    bool nesterov = false;

    Problem(const Shape& shape, std::uint64_t seed);

    std::size_t features() const { return shape.widths.front(); }
    std::size_t outputs() const { return shape.widths.back(); }
    std::size_t batches() const { return (shape.examples + shape.batch_size - 1) / shape.batch_size; }
    // The part of the order that is batch i.
    std::span<const std::int64_t> batch(std::size_t i) const {
        const std::size_t start = i * shape.batch_size;
        return std::span(order).subspan(start, std::min(shape.batch_size, order.size() - start));
    }
    Examples examples() const {
        const bool given = are_numbers(shape.form);
        return {given ? nullptr : pixels.data(), given ? numbers.data() : nullptr,
                labels.data(), shape.examples, mean, std, example_weights.empty() ? nullptr : example_weights.data()};
    }
    Steps steps() const { return {shape.batch_size, rates, friction, nesterov, weight_decay, label_smoothing}; }
    Steps step(std::size_t i) const {
        return {shape.batch_size, std::span(rates).subspan(i, 1), friction, nesterov, weight_decay, label_smoothing};
    }
};

inline Problem::Problem(const Shape& drawn, std::uint64_t seed)
    : shape(drawn), weights(drawn.widths), momentum(drawn.widths) {
    Random random(seed);
    for (std::size_t l = 0; l < weights.weight.size(); ++l) {
        const float limit = std::sqrt(6.0f / static_cast<float>(shape.widths[l]));  // He: keeps six layers alive
        for (float& w : weights.weight[l]) w = random.between(-limit, limit);
        for (float& b : weights.bias[l]) b = random.between(-0.1f, 0.3f);
        for (float& v : momentum.weight[l]) v = random.between(-0.01f, 0.01f);
        for (float& v : momentum.bias[l]) v = random.between(-0.01f, 0.01f);
    }
    const std::size_t size = shape.examples * features();
    const bool given = are_numbers(shape.form);
    pixels.resize(given ? 0 : size);
    numbers.resize(given ? size : 0);
    for (std::uint8_t& pixel : pixels) pixel = static_cast<std::uint8_t>(random.below(256));
    for (float& number : numbers) number = random.between(-3, 5);
    const std::size_t period = shape.form == Form::grey ? 1 : shape.form == Form::coloured ? 3 : features();
    for (std::size_t entry = 0; entry < period; ++entry) {
        mean.push_back(random.between(0.3f, 0.7f));
        std.push_back(given ? random.between(2, 3) : random.between(0.25f, 0.35f));
    }
    if (shape.form == Form::ready) {
        std::ranges::fill(mean, 0.0f);
        std::ranges::fill(std, 1.0f);
    }
    const std::size_t classes = shape.head == Head::sigmoid ? 2 : outputs();
    for (std::size_t i = 0; i < shape.examples; ++i) {
        labels.push_back(static_cast<std::int64_t>(random.below(classes)));
        order.push_back(static_cast<std::int64_t>(i));
    }
    random.shuffle(order);
    for (std::size_t i = 0; i < batches(); ++i) rates.push_back(random.between(0.05f, 0.2f));
    friction = random.one_of({0.0f, 0.5f, 0.9f});
    nesterov = friction > 0 && random.below(2);
    weight_decay = random.one_of({0.0f, 0.01f});
    label_smoothing = random.one_of({0.0f, 0.1f});
    if (random.below(2)) return;
    for (std::size_t i = 0; i < shape.examples; ++i)
        example_weights.push_back(random.below(5) ? random.between(0.1f, 3) : 0);
}

}  // namespace tenfold::tests
