// The product of a strip of a left operand by a panel of a right one: the one loop that takes the time.
#pragma once

#include "operand.h"

namespace tenfold::TENFOLD_ISA {

// Rows of sums that are held in registers, beside two vectors of the panel and one spread word.
inline constexpr int kRows = TENFOLD_REGISTERS == 32 ? 8 : 4;

inline constexpr std::size_t kPanelWords = 1024;  // of a panel that stay in second-level cache: 128 KiB

// What the sums of a product begin with.
enum class Start { at_zero, at_block };

// A block's share of two operands: 32 rows of the left one, a panel of the right one.
struct Operands {
    const Word* left;
    std::size_t left_stride;
    const Word* panel;
    std::size_t words;
};

// What becomes of finished sums, while they are in registers: here they go back to the block.
struct Keep {
    Block& block;

    template <int Rows>
    TENFOLD_INLINE void finish(const Vector (&sum)[Rows][2], int row, int lane) const {
        for (int r = 0; r < Rows; ++r)
            for (int j = 0; j < 2; ++j) store(&block.at[row + r][lane + j * kLanes], sum[r][j]);
    }
    // Asks for the memory that `finish` will need for a row, in the shadow of the product.
    TENFOLD_INLINE void fetch(std::size_t, int) const {}
};

// Not inlined: the loop needs all registers for itself.
template <class Operand, Start start, int Rows, class Finish>
__attribute__((noinline)) void multiply_rows(const Block& block, const Operands& of, const Finish& then, int row, int lane) {
    const Word *const left = of.left + row * of.left_stride, *const panel = of.panel + lane;
    Vector sum[Rows][2];
#pragma GCC unroll 16
    for (int r = 0; r < Rows; ++r)
        for (int j = 0; j < 2; ++j)
            sum[r][j] = start == Start::at_zero ? Vector{} : load(&block.at[row + r][lane + j * kLanes]);
    const auto add_word = [&](std::size_t w) __attribute__((always_inline)) {
        const Vector right[2] = {load(panel + w * kBlock), load(panel + w * kBlock + kLanes)};
#pragma GCC unroll 16
        for (int r = 0; r < Rows; ++r) {
            const Vector word = all_bits(word_at(left + r * of.left_stride + w));
            for (int j = 0; j < 2; ++j) sum[r][j] = Operand::multiply_add(word, right[j], sum[r][j]);
        }
    };
    std::size_t w = 0;
    for (; w < Rows && w < of.words; ++w) {
        then.fetch(row + w, lane);
        add_word(w);
    }
    for (; w < of.words; ++w) add_word(w);
    then.finish(sum, row, lane);
}

template <class Operand, Start start, int Rows = kRows, class Finish>
inline void multiply_strip(const Block& block, const Operands& of, const Finish& then, int rows, int row, int lane) {
    if constexpr (Rows > 0) {
        if (rows == Rows) return multiply_rows<Operand, start, Rows>(block, of, then, row, lane);
        multiply_strip<Operand, start, Rows - 1>(block, of, then, rows, row, lane);
    }
}

template <class Words>
struct VectorProduct {
    using Operand = Words;
    struct Session {};  // nothing to prepare for a phase

    // Sums (block[r][j] or zero) + Σ left[r][w] · panel[w][j] of the first `rows` rows, given to `then`.
    template <Start start, class Finish>
    static inline void multiply_then(const Block& block, int rows, const Operands& of, const Finish& then) {
        for (int row = 0; row < rows; row += kRows) {
            const int height = rows - row < kRows ? rows - row : kRows;
            for (int lane = 0; lane < static_cast<int>(kBlock); lane += 2 * kLanes)
                multiply_strip<Operand, start>(block, of, then, height, row, lane);
        }
    }
    // The same on top of the block, and kept there.
    static inline void multiply(Block& block, int rows, const Operands& of) {
        multiply_then<Start::at_block>(block, rows, of, Keep{block});
    }
};

}  // namespace tenfold::TENFOLD_ISA
