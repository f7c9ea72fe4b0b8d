// Forward: z = x Wᵀ + bias, block by block, then ReLU on the way out.
#pragma once

#include "kernels.h"
#include "multiply.h"

namespace tenfold::TENFOLD_ISA {

// Block (n, b) of z. Returns how many rows of it belong to the batch; the others mean nothing.
template <class Product>
TENFOLD_INLINE int outputs(const Layer& layer, std::size_t batch_size, std::size_t n, std::size_t b, Block& z) {
    using Operand = typename Product::Operand;
    const int rows = static_cast<int>(at_most_block(batch_size - b * kBlock));
    for (std::size_t r = 0; r < kBlock; ++r)
        for (int j = 0; j < kVectors; ++j)
            store(&z.at[r][j * kLanes], load(layer.bias + n * kBlock + j * kLanes));
    const Word* left = layer.input.rows + b * kBlock * layer.input.row_stride;
    const Word* panel = layer.forward_weight + n * Operand::words(padded(layer.inputs)) * kBlock;
    const std::size_t words = Operand::words(layer.inputs);
    for (std::size_t w = 0; w < words; w += kPanelWords) {
        const std::size_t some = words - w < kPanelWords ? words - w : kPanelWords;
        Product::multiply(z, rows, {left + w, layer.input.row_stride, panel + w * kBlock, some});
    }
    return rows;
}

template <class Product>
void forward(const Layer& layer, std::size_t batch_size, const Activation& output, Range range) {
    using Operand = typename Product::Operand;
    [[maybe_unused]] const typename Product::Session session;
    const std::size_t across = blocks(batch_size);
    for (std::size_t i = range.first; i < range.last; ++i) {
        const std::size_t n = i / across, b = i % across;
        Block z;
        const int rows = outputs<Product>(layer, batch_size, n, b, z);
        for (int r = 0; r < rows; ++r)
            for (int j = 0; j < kVectors; ++j) store(&z.at[r][j * kLanes], relu(load(&z.at[r][j * kLanes])));
        Word* to = output.rows + b * kBlock * output.row_stride + n * Operand::kWords;
        Operand::store_left(z, rows, to, output.row_stride);
        if (!output.columns) continue;
        Word* columns = output.columns + n * kBlock * output.column_stride + b * Operand::kWords;
        Operand::turn_left(to, output.row_stride, rows, columns, output.column_stride);
    }
}

template <class Product>
void forward_logits(const Layer& layer, std::size_t batch_size, float* logits, Range range) {
    [[maybe_unused]] const typename Product::Session session;
    const std::size_t across = blocks(batch_size), stride = padded(layer.outputs);
    for (std::size_t i = range.first; i < range.last; ++i) {
        const std::size_t n = i / across, b = i % across;
        Block z;
        const int rows = outputs<Product>(layer, batch_size, n, b, z);
        for (int r = 0; r < rows; ++r)
            for (int j = 0; j < kVectors; ++j)
                store(logits + (b * kBlock + r) * stride + n * kBlock + j * kLanes, load(&z.at[r][j * kLanes]));
    }
}

}  // namespace tenfold::TENFOLD_ISA
