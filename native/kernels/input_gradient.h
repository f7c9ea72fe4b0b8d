// Backward: the gradient by a layer's inputs, dxᵀ = Wᵀ gᵀ, zero where ReLU was at rest.
#pragma once

#include "kernels.h"
#include "multiply.h"

namespace tenfold::TENFOLD_ISA {

template <class Product>
TENFOLD_INLINE void input_block(const Layer& layer, std::size_t k, std::size_t b, Block& dx) {
    using Operand = typename Product::Operand;
    const int rows = static_cast<int>(at_most_block(layer.inputs - k * kBlock));
    const Word* panel = layer.gradient.by_example + b * Operand::words(padded(layer.outputs)) * kBlock;
    const std::size_t stride = layer.backward_stride, words = Operand::words(layer.outputs);
    for (std::size_t w = 0; w < words; w += kPanelWords) {
        const std::size_t some = words - w < kPanelWords ? words - w : kPanelWords;
        const Operands of{layer.backward_weight + k * kBlock * stride + w, stride, panel + w * kBlock, some};
        if (w == 0)
            Product::template multiply_then<Start::at_zero>(dx, rows, of, Keep{dx});
        else
            Product::multiply(dx, rows, of);
    }
    for (std::size_t r = rows; r < kBlock; ++r)
        for (int j = 0; j < kVectors; ++j) store(&dx.at[r][j * kLanes], Vector{});
}

template <class Operand>
TENFOLD_INLINE void apply_slope_of_relu(const Activation& input, std::size_t k, std::size_t b, Block& dx) {
    for (std::size_t r = 0; r < kBlock; ++r) {
        alignas(64) float x[kBlock];
        Operand::load_left(input.columns + (k * kBlock + r) * input.column_stride + b * Operand::kWords, x);
        for (int j = 0; j < kVectors; ++j) {
            float* at = &dx.at[r][j * kLanes];
            store(at, load(&x[j * kLanes]) > 0.0f ? load(at) : Vector{});
        }
    }
}

template <class Product>
void input_gradient(const Layer& layer, std::size_t batch_size, const Gradient& below, Range range) {
    using Operand = typename Product::Operand;
    [[maybe_unused]] const typename Product::Session session;
    const std::size_t across = blocks(batch_size);
    for (std::size_t i = range.first; i < range.last; ++i) {
        const std::size_t k = i / across, b = i % across;
        Block dx;
        input_block<Product>(layer, k, b, dx);
        apply_slope_of_relu<Operand>(layer.input, k, b, dx);
        const std::size_t of_inputs = b * Operand::words(padded(layer.inputs)) + k * Operand::kWords;
        Operand::store_right(dx, below.by_example + of_inputs * kBlock);
        const std::size_t of_batch = k * Operand::words(padded(batch_size)) + b * Operand::kWords;
        Operand::store_right_turned(dx, below.by_output + of_batch * kBlock);
    }
}

}  // namespace tenfold::TENFOLD_ISA
