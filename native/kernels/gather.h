// The first phase: examples become the first layer's inputs, normalised.
#pragma once

#include "kernels.h"
#include "operand.h"

namespace tenfold::TENFOLD_ISA {

// Numbers [first, first + count) of an example.
inline void normalise(const Source& source, std::size_t example, std::size_t first, std::size_t count, float* to) {
    const std::size_t start = example * source.features + first, period = source.period;
    std::size_t entry = first % period;
    if (source.table && period == 1) {
        for (std::size_t i = 0; i < count; ++i) to[i] = source.table[source.pixels[start + i]];
        return;
    }
    if (!source.mean) {
        for (std::size_t i = 0; i < count; ++i) to[i] = source.numbers[start + i];
        return;
    }
    for (std::size_t i = 0; i < count; ++i) {
        if (source.table) {
            to[i] = source.table[entry * 256 + source.pixels[start + i]];
        } else {
            const float number = source.pixels ? source.pixels[start + i] / 255.0f : source.numbers[start + i];
            to[i] = (number - source.mean[entry]) / source.std[entry];
        }
        if (++entry == period) entry = 0;
    }
}

// Examples lie far apart in memory: all that a block of rows needs from `first` on is asked for at once, by
// plain loads, as processors drop prefetches when their queue is full.
inline void fetch(const Source& source, const Batch& batch, std::size_t row, std::size_t rows, std::size_t first) {
    const std::size_t size = source.pixels ? sizeof(std::uint8_t) : sizeof(float);
    const char* examples = source.pixels ? reinterpret_cast<const char*>(source.pixels)
                                         : reinterpret_cast<const char*>(source.numbers);
    for (std::size_t r = row; r < row + rows; ++r) {
        const char* example = examples + batch.order[r] * source.features * size;
        for (std::size_t at = first * size; at < source.features * size; at += 64) {
            const char touched = example[at];
            __asm__ volatile("" ::"r"(touched));
        }
    }
}

// Numbers [first, first + width) of some examples become rows of a left operand. One byte a pixel and two a number:
// then 32 are looked up at once.
template <class Operand>
inline void store_rows(const Source& source, const std::int64_t* examples, std::size_t count, std::size_t first,
                       std::size_t width, Word* rows, std::size_t stride) {
    if constexpr (Operand::kPacked) {
        if (source.table && source.period == 1) {
            const typename Operand::Table table(source.table);
            for (std::size_t r = 0; r < count; ++r)
                store(rows + r * stride, table.words_of(source.pixels + examples[r] * source.features + first, width));
            return;
        }
    }
    Block block{};
    for (std::size_t r = 0; r < count; ++r) normalise(source, examples[r], first, width, block.at[r]);
    Operand::store_left(block, count, rows, stride);
}

template <class Operand>
void gather(const Source& source, const Batch& batch, const Activation& to, Range range) {
    const std::size_t across = blocks(source.features);
    for (std::size_t i = range.first; i < range.last; ++i) {
        const std::size_t b = i / across, k = i % across, row = b * kBlock, first = k * kBlock;
        const std::size_t height = at_most_block(batch.size - row), width = at_most_block(source.features - first);
        if (k == 0 || i == range.first) fetch(source, batch, row, height, first);
        Word* rows = to.rows + row * to.row_stride + k * Operand::kWords;
        store_rows<Operand>(source, batch.order + row, height, first, width, rows, to.row_stride);
        if (!to.columns) continue;
        Word* columns = to.columns + first * to.column_stride + b * Operand::kWords;
        Operand::turn_left(rows, to.row_stride, height, columns, to.column_stride);
    }
}

}  // namespace tenfold::TENFOLD_ISA
