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
    // A block of a left operand, transposed, becomes a left operand; all but its first `rows` rows count as zero.
    static inline void turn_left(const Word* from, std::size_t from_stride, std::size_t rows, Word* to,
                                 std::size_t stride) {
        for (std::size_t i = 0; i < kBlock; i += kLanes)
            for (std::size_t j = 0; j < kBlock; j += kLanes) {
                Vector square[kLanes];
                for (std::size_t r = 0; r < kLanes; ++r)
                    square[r] = i + r < rows ? load(from + (i + r) * from_stride + j) : Vector{};
                transpose_square(square);
                for (std::size_t r = 0; r < kLanes; ++r) store(to + (j + r) * stride + i, square[r]);
            }
    }
    // Rows of a block along the reduction: row r becomes lane r of a panel.
    static inline void store_right_turned(const Block& block, Word* to) {
        turn_left(reinterpret_cast<const Word*>(block.at), kBlock, kBlock, to, kBlock);
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

    typedef std::uint16_t Halves __attribute__((vector_size(64), may_alias));

    // What each of 256 pixel values becomes, in eight registers.
    class Table {
    public:
        explicit Table(const float* numbers) {
            for (int i = 0; i < 8; ++i)
                part_[i] = neighbours(load_unaligned(numbers + 32 * i), load_unaligned(numbers + 32 * i + 16));
        }
        // The words of `width` neighbouring pixels, of 32 at most; the others are zero.
        TENFOLD_INLINE Vector words_of(const std::uint8_t* pixels, std::size_t width) const {
            typedef std::uint8_t Pixels __attribute__((vector_size(32)));
            constexpr Halves lane = {0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15,
                                     16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31};
            const auto some = (Pixels)_mm256_maskz_loadu_epi8(static_cast<std::uint32_t>((1ull << width) - 1), pixels);
            const Halves value = __builtin_convertvector(some, Halves);
            const Halves low = value & 64 ? quarter<1>(value) : quarter<0>(value);
            const Halves high = value & 64 ? quarter<3>(value) : quarter<2>(value);
            const Halves found = value & 128 ? high : low;
            return (Vector)(lane < static_cast<std::uint16_t>(width) ? found : Halves{});
        }

    private:
        // Looks up the lower six bits of values.
        template <int which>
        TENFOLD_INLINE Halves quarter(Halves value) const {
            return (Halves)_mm512_permutex2var_epi16((__m512i)part_[2 * which], (__m512i)value,
                                                     (__m512i)part_[2 * which + 1]);
        }

        Vector part_[8];
    };

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
    static inline void turn_left(const Word* from, std::size_t from_stride, std::size_t rows, Word* to,
                                 std::size_t stride) {
        constexpr std::make_integer_sequence<int, kBlock> numbers{};
        Vector squares[2][kLanes];
        for (std::size_t r = 0; r < kBlock; r += 2) {
            const auto even = (Halves)(r < rows ? load(from + r * from_stride) : Vector{});
            const auto odd = (Halves)(r + 1 < rows ? load(from + (r + 1) * from_stride) : Vector{});
            squares[0][r / 2] = (Vector)low_halves(even, odd, numbers);
            squares[1][r / 2] = (Vector)high_halves(even, odd, numbers);
        }
        for (std::size_t j = 0; j < 2; ++j) {
            transpose_square(squares[j]);
            for (std::size_t r = 0; r < kLanes; ++r) store(to + (j * kLanes + r) * stride, squares[j][r]);
        }
    }
    static inline void store_right_turned(const Block& block, Word* to) {
        for (std::size_t i = 0; i < kBlock; i += kLanes) {
            Vector square[kLanes];
            for (std::size_t r = 0; r < kLanes; ++r)
                square[r] = neighbours(load(&block.at[i + r][0]), load(&block.at[i + r][16]));
            transpose_square(square);
            for (std::size_t r = 0; r < kLanes; ++r) store(to + r * kBlock + i, square[r]);
        }
    }
    static TENFOLD_INLINE void load_left(const Word* from, float (&to)[kBlock]) {
        typedef std::uint16_t Sixteen __attribute__((vector_size(32), may_alias));
        for (int j = 0; j < 2; ++j) {
            const Sixteen halves = *reinterpret_cast<const Sixteen*>(from + j * 8);
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
