// Training of one network: what the Python engine drives, one call a stretch of batches.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "distortion.h"
#include "isa.h"

namespace tenfold {

enum class Head { softmax, sigmoid };

// The resident training images; borrowed, never copied.
struct Examples {
    const std::uint8_t* pixels = nullptr;  // [count][features], or
    const float* numbers = nullptr;        // [count][features]: exactly one of the two is set
    const std::int64_t* labels = nullptr;  // [count]
    std::size_t count = 0;
    std::span<const float> mean, std;  // [period]: feature k takes entry k mod period
    const float* weights = nullptr;    // [count]: what an example's loss counts; null where each counts one
};

// Weights of one layer in PyTorch's order: weight [outputs][inputs], bias [outputs].
struct LayerTensors {
    float* weight;
    float* bias;
};

// What a step of stochastic gradient descent does, in PyTorch's terms.
struct Steps {
    std::size_t batch_size = 0;
    std::span<const float> learning_rates;  // one a batch
    float momentum = 0;
    bool nesterov = false;
    float weight_decay = 0;
    float label_smoothing = 0;
    const Distortion* distortion = nullptr;  // of pixels alone; borrowed
    RandomKey key = {};
};

// Seconds that the first thread has spent since the trainer was made.
struct Times {
    double distort = 0, gather = 0, forward = 0, loss = 0, backward = 0, update = 0, waiting = 0;
};

class Trainer {
public:
    // Throws std::invalid_argument when the instruction set lacks the precision. Small steps take fewer threads.
    Trainer(std::vector<std::size_t> widths, Head head, const Isa& isa, Precision precision, int threads);
    ~Trainer();

    void load(std::span<const LayerTensors> weights, std::span<const LayerTensors> momentum);
    void store_weights(std::span<const LayerTensors> weights) const;
    void store_momentum(std::span<const LayerTensors> momentum) const;

    // One step for each batch of `order`, the last one perhaps short; losses[i] is the mean loss of batch i.
    void train(const Examples& examples, std::span<const std::int64_t> order, const Steps& steps,
               std::span<double> losses);

    Times times() const;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace tenfold
