// Vectors of as many float32 as the instruction set holds, by the compiler's own vector types.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "../layout.h"

#define TENFOLD_INLINE inline __attribute__((always_inline))

namespace tenfold::TENFOLD_ISA {

inline constexpr int kLanes = TENFOLD_LANES;
inline constexpr int kVectors = kBlock / kLanes;  // vectors in a row of a block

typedef float Vector __attribute__((vector_size(kLanes * 4)));
typedef std::int32_t Integers __attribute__((vector_size(kLanes * 4)));
typedef float UnalignedVector __attribute__((vector_size(kLanes * 4), aligned(4), may_alias));
typedef float AlignedVector __attribute__((vector_size(kLanes * 4), may_alias));

TENFOLD_INLINE Vector load(const void* from) { return *static_cast<const AlignedVector*>(from); }
TENFOLD_INLINE void store(void* to, Vector v) { *static_cast<AlignedVector*>(to) = v; }
TENFOLD_INLINE Vector load_unaligned(const void* from) { return *static_cast<const UnalignedVector*>(from); }
// A word may have been stored as a float32.
TENFOLD_INLINE Word word_at(const Word* from) {
    Word word;
    __builtin_memcpy(&word, from, sizeof word);
    return word;
}
TENFOLD_INLINE Vector all_bits(Word word) { return (Vector)(Integers{} + static_cast<std::int32_t>(word)); }
TENFOLD_INLINE Vector all(float value) { return all_bits(__builtin_bit_cast(Word, value)); }

TENFOLD_INLINE Vector relu(Vector v) { return v < 0.0f ? Vector{} : v; }  // NaN stays NaN

// Two vectors' lower halves, or upper ones, with their numbers in turn.
template <class Numbers, int... I>
TENFOLD_INLINE Numbers low_halves(Numbers a, Numbers b, std::integer_sequence<int, I...>) {
    constexpr int count = sizeof...(I);
    return __builtin_shufflevector(a, b, ((I & 1) * count + I / 2)...);
}
template <class Numbers, int... I>
TENFOLD_INLINE Numbers high_halves(Numbers a, Numbers b, std::integer_sequence<int, I...>) {
    constexpr int count = sizeof...(I);
    return __builtin_shufflevector(a, b, ((I & 1) * count + (I + count) / 2)...);
}

// Transposes a square of kLanes x kLanes words: interleaving the first half of the rows with the second
// shifts the binary digits of (row, lane) round by one; after log2(kLanes) rounds row and lane are exchanged.
TENFOLD_INLINE void transpose_square(Vector (&rows)[kLanes]) {
    constexpr std::make_integer_sequence<int, kLanes> lanes{};
#pragma GCC unroll 8
    for (int round = kLanes; round > 1; round /= 2) {
        Vector turned[kLanes];
#pragma GCC unroll 16
        for (int i = 0; i < kLanes / 2; ++i) {
            turned[2 * i] = low_halves(rows[i], rows[i + kLanes / 2], lanes);
            turned[2 * i + 1] = high_halves(rows[i], rows[i + kLanes / 2], lanes);
        }
#pragma GCC unroll 16
        for (int i = 0; i < kLanes; ++i) rows[i] = turned[i];
    }
}

struct alignas(64) Block {
    float at[kBlock][kBlock];
};

// e^x to two units in the last place: 2^n times a polynomial on [-ln2/2, ln2/2] (Cephes, expf).
TENFOLD_INLINE Vector exponential(Vector x) {
    x = x < -87.0f ? all(-87.0f) : x;  // below it counts as e^-87, which no sum of float32 feels
    const Vector shifted = x * 1.44269504088896341f + 12582912.0f;  // 1.5·2^23: rounds to a whole number
    const Vector n = shifted - 12582912.0f;
    const Vector r = (x - n * 0.693359375f) - n * -2.12194440e-4f;
    Vector p = all(1.9875691500e-4f);
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * r * r + r + 1.0f;
    const Integers exponent = (__builtin_convertvector(n, Integers) + 127) << 23;
    Vector scale;
    __builtin_memcpy(&scale, &exponent, sizeof scale);
    return p * scale;
}

}  // namespace tenfold::TENFOLD_ISA
