// What a word is: one float32, or a pair of bfloat16. Everything that depends on the precision is here.
#pragma once

#include "vector.h"

#ifdef TENFOLD_BFLOAT16
#include <immintrin.h>
#endif

namespace tenfold::TENFOLD_ISA {

struct Float32 {
    static constexpr bool kPacked = false;  // the forward operand is the weight itself
    static constexpr std::size_t words(std::size_t count) { return count; }
    static constexpr int kWords = kBlock;

    static TENFOLD_INLINE Vector multiply_add(Vector left, Vector right, Vector sum) {
        return sum + left * right;
    }

    // Rows of a block along the reduction: row r becomes words of row r.
    static TENFOLD_INLINE void store_left(const Block& block, std::size_t rows, Word* to, std::size_t stride) {
        for (std::size_t r = 0; r < rows; ++r)
            for (int j = 0; j < kVectors; ++j)
                store(to + r * stride + j * kLanes, load(&block.at[r][j * kLanes]));
    }
    // Rows of a block across the reduction: a panel of words, 32 lanes each.
    static TENFOLD_INLINE void store_right(const Block& block, Word* to) {
        store_left(block, kBlock, to, kBlock);
    }
    // The same from registers.
    template <int Rows>
    static TENFOLD_INLINE void store_left_rows(const Vector (&rows)[Rows][2], Word* to, std::size_t stride) {
        for (int r = 0; r < Rows; ++r)
            for (int j = 0; j < 2; ++j) store(to + r * stride + j * kLanes, rows[r][j]);
    }
    // The 32 numbers that a row of a left operand holds from here on.
    static TENFOLD_INLINE void load_left(const Word* from, float (&to)[kBlock]) {
        for (int j = 0; j < kVectors; ++j) store(&to[j * kLanes], load(from + j * kLanes));
    }
    // Sums a panel over its words: the gradient of 32 biases.
    static TENFOLD_INLINE void sum_right(const Word* panel, std::size_t words, float (&sums)[kBlock]) {
        Vector sum[kVectors] = {};
        for (std::size_t w = 0; w < words; ++w)
            for (int j = 0; j < kVectors; ++j) sum[j] += load(panel + w * kBlock + j * kLanes);
        for (int j = 0; j < kVectors; ++j) store(&sums[j * kLanes], sum[j]);
    }
};

#ifdef TENFOLD_BFLOAT16
struct Bfloat16 {
    static constexpr bool kPacked = true;
    static constexpr std::size_t words(std::size_t count) { return (count + 1) / 2; }
    static constexpr int kWords = kBlock / 2;

    static TENFOLD_INLINE Vector multiply_add(Vector left, Vector right, Vector sum) {
        return _mm512_dpbf16_ps(sum, (__m512bh)left, (__m512bh)right);
    }

    static TENFOLD_INLINE void store_left(const Block& block, std::size_t rows, Word* to, std::size_t stride) {
        for (std::size_t r = 0; r < rows; ++r)
            store(to + r * stride, neighbours(load(&block.at[r][0]), load(&block.at[r][16])));
    }
    static TENFOLD_INLINE void store_right(const Block& block, Word* to) {
        for (std::size_t r = 0; r < kBlock; r += 2)
            for (int j = 0; j < 32; j += 16)
                store(to + r / 2 * kBlock + j, pairs(load(&block.at[r][j]), load(&block.at[r + 1][j])));
    }
    // The same from registers; an odd last row is paired with zeros.
    template <int Rows>
    static TENFOLD_INLINE void store_left_rows(const Vector (&rows)[Rows][2], Word* to, std::size_t stride) {
#pragma GCC unroll 16
        for (int r = 0; r < Rows; ++r) store(to + r * stride, neighbours(rows[r][0], rows[r][1]));
    }
    template <int Rows>
    static TENFOLD_INLINE void store_right_rows(const Vector (&rows)[Rows][2], Word* to) {
#pragma GCC unroll 16
        for (int r = 0; r < Rows; r += 2)
            for (int j = 0; j < 2; ++j) {
                const Vector odd = r + 1 < Rows ? rows[r + 1 < Rows ? r + 1 : r][j] : Vector{};
                store(to + r / 2 * kBlock + j * 16, pairs(rows[r][j], odd));
            }
    }
    static TENFOLD_INLINE void load_left(const Word* from, float (&to)[kBlock]) {
        typedef std::uint16_t Halves __attribute__((vector_size(32), may_alias));
        for (int j = 0; j < 2; ++j) {
            const Halves halves = *reinterpret_cast<const Halves*>(from + j * 8);
            store(&to[j * 16], (Vector)(__builtin_convertvector(halves, Integers) << 16));
        }
    }
    static TENFOLD_INLINE void sum_right(const Word* panel, std::size_t words, float (&sums)[kBlock]) {
        const Vector ones = (Vector)_mm512_set1_epi32(0x3f803f80);  // a pair of ones
        Vector sum[2] = {};
        for (std::size_t w = 0; w < words; ++w)
            for (int j = 0; j < 2; ++j) sum[j] = multiply_add(ones, load(panel + w * kBlock + j * 16), sum[j]);
        for (int j = 0; j < 2; ++j) store(&sums[j * 16], sum[j]);
    }

private:
    // 32 numbers as 16 words, neighbours together.
    static TENFOLD_INLINE Vector neighbours(Vector low, Vector high) {
        return (Vector)_mm512_cvtne2ps_pbh(high, low);
    }
    // 16 words, each of one number of either row.
    static TENFOLD_INLINE Vector pairs(Vector even, Vector odd) {
        alignas(64) static constexpr std::uint16_t interleaved[32] = {
            0, 16, 1, 17, 2,  18, 3,  19, 4,  20, 5,  21, 6,  22, 7,  23,
            8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31};
        return (Vector)_mm512_permutexvar_epi16(_mm512_load_si512(interleaved), (__m512i)neighbours(even, odd));
    }
};
#endif

}  // namespace tenfold::TENFOLD_ISA
