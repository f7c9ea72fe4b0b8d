// Weight gradient and stochastic gradient descent in one pass: a block of dW never leaves registers (with tiles:
// first-level cache), and the same pass refreshes the operands that the next step reads.
#pragma once

#include "kernels.h"
#include "multiply.h"

namespace tenfold::TENFOLD_ISA {

inline constexpr std::size_t kBatchWords = 256;  // of a gradient panel that stay in first-level cache: 32 KiB

// Whether a step has more to it than momentum: multipliers are busy, so that each operation counts.
enum class Rule { momentum_alone, with_decay_or_nesterov };

// Takes a step on one vector of weights and returns them.
template <Rule rule>
TENFOLD_INLINE Vector descend(Vector gradient, float* weight, float* momentum, const Step& step) {
    constexpr bool more = rule == Rule::with_decay_or_nesterov;
    const Vector w = load(weight);
    const Vector g = more ? gradient + step.weight_decay * w : gradient;
    const Vector v = step.momentum * load(momentum) + g;
    const Vector moved = more ? w - step.along_momentum * v - step.along_gradient * g : w - step.along_momentum * v;
    store(momentum, v);
    store(weight, moved);
    return moved;
}

// What becomes of a finished strip of dW; the pointers are those of its block.
template <class Operand, Rule rule>
struct Descent {
    float *weight, *momentum;
    Word *forward_weight, *backward_weight;
    std::size_t backward_stride;
    const Step& step;

    template <int Rows>
    TENFOLD_INLINE void finish(Vector (&strip)[Rows][2], int row, int lane) const {
        const Step how = step;  // copies stay in registers, whatever is stored
        float *const weights = weight + row * kBlock + lane, *const moments = momentum + row * kBlock + lane;
#pragma GCC unroll 16
        for (int r = 0; r < Rows; ++r)
            for (int j = 0; j < 2; ++j) {
                const std::size_t at = r * kBlock + j * kLanes;
                strip[r][j] = descend<rule>(strip[r][j], weights + at, moments + at, how);
            }
        if constexpr (Operand::kPacked) Operand::store_right_rows(strip, forward_weight + row / 2 * kBlock);
        if (backward_weight)
            Operand::store_left_rows(strip, backward_weight + row * backward_stride + lane, backward_stride);
    }
    TENFOLD_INLINE void fetch(std::size_t row, int lane) const {
        const std::size_t at = row * kBlock + lane;
        for (int j = 0; j < 2 * kLanes; j += kLineWords) {
            __builtin_prefetch(weight + at + j, 1);
            __builtin_prefetch(momentum + at + j, 1);
        }
        if constexpr (Operand::kPacked) __builtin_prefetch(forward_weight + at / 2, 1);
    }
};

template <class Operand>
TENFOLD_INLINE Word* backward_block(const Layer& layer, std::size_t n, std::size_t k) {
    if (!layer.backward_weight) return nullptr;
    return layer.backward_weight + k * kBlock * layer.backward_stride + n * Operand::kWords;
}

template <Rule rule, class Product>
TENFOLD_INLINE void descend_block(const Layer& layer, std::size_t batch_size, std::size_t n, std::size_t k,
                                  const Step& step) {
    using Operand = typename Product::Operand;
    const std::size_t state = (n * padded(layer.inputs) + k * kBlock) * kBlock, packed = Operand::words(state);
    const Descent<Operand, rule> descent{layer.weight + state, layer.momentum + state, layer.forward_weight + packed,
                                   backward_block<Operand>(layer, n, k), layer.backward_stride, step};
    const int rows = static_cast<int>(at_most_block(layer.inputs - k * kBlock));
    Operands of{layer.input.columns + k * kBlock * layer.input.column_stride, layer.input.column_stride,
                layer.gradient.by_output + n * Operand::words(padded(batch_size)) * kBlock,
                Operand::words(batch_size)};
    Block dw;
    if (of.words <= kBatchWords) return Product::template multiply_then<Start::at_zero>(dw, rows, of, descent);
    dw = Block{};
    std::size_t rest = of.words;
    for (of.words = kBatchWords; rest > kBatchWords; rest -= kBatchWords) {
        Product::multiply(dw, rows, of);
        of.left += kBatchWords;
        of.panel += kBatchWords * kBlock;
    }
    of.words = rest;
    Product::template multiply_then<Start::at_block>(dw, rows, of, descent);
}

template <Rule rule, class Operand>
inline void update_bias(const Layer& layer, std::size_t batch_size, std::size_t n, const Step& step) {
    const std::size_t words = Operand::words(padded(batch_size));
    alignas(64) float gradient[kBlock];
    Operand::sum_right(layer.gradient.by_output + n * words * kBlock, Operand::words(batch_size), gradient);
    for (int j = 0; j < kVectors; ++j) {
        const std::size_t at = n * kBlock + j * kLanes;
        descend<rule>(load(&gradient[j * kLanes]), layer.bias + at, layer.bias_momentum + at, step);
    }
}

template <Rule rule, class Product>
inline void update_blocks(const Layer& layer, std::size_t batch_size, const Step& step, Range range) {
    [[maybe_unused]] const typename Product::Session session;
    const std::size_t across = blocks(layer.inputs);
    for (std::size_t i = range.first; i < range.last; ++i) {
        const std::size_t n = i / across, k = i % across;
        descend_block<rule, Product>(layer, batch_size, n, k, step);
        if (k == 0) update_bias<rule, typename Product::Operand>(layer, batch_size, n, step);
    }
}

template <class Product>
void update(const Layer& layer, std::size_t batch_size, const Step& step, Range range) {
    if (step.weight_decay == 0 && step.along_gradient == 0)
        update_blocks<Rule::momentum_alone, Product>(layer, batch_size, step, range);
    else
        update_blocks<Rule::with_decay_or_nesterov, Product>(layer, batch_size, step, range);
}

// Makes the operands of weights that were loaded.
template <class Operand>
void refresh(const Layer& layer, Range range) {
    const std::size_t across = blocks(layer.inputs);
    for (std::size_t i = range.first; i < range.last; ++i) {
        const std::size_t n = i / across, k = i % across, state = i * kBlock * kBlock;
        const Block& weights = *reinterpret_cast<const Block*>(layer.weight + state);
        if constexpr (Operand::kPacked) Operand::store_right(weights, layer.forward_weight + Operand::words(state));
        if (Word* backward = backward_block<Operand>(layer, n, k))
            Operand::store_left(weights, kBlock, backward, layer.backward_stride);
    }
}

}  // namespace tenfold::TENFOLD_ISA
