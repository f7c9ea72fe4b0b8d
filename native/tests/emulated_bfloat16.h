// The AVX-512 instructions of kernels/operand.h in plain C++, so that kernels for bfloat16 run on any x86.
//
// As Intel's instruction set reference defines them: roundings go to the nearest number, to the even one of two; what
// lies below float32's normal range counts as zero. Vectors come as any type of 64 bytes.
#pragma once

#ifdef __GNUC__
#pragma GCC diagnostic ignored "-Wpsabi"  // vectors of 64 bytes without AVX-512 stay within one file
#endif
#include <immintrin.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>

namespace tenfold::emulated {

struct Words {
    std::uint32_t at[16];
};
struct Halves {
    std::uint16_t at[32];  // bfloat16 by its bits
};
struct Floats {
    float at[16];
};

inline float without_denormals(float number) {
    return std::fpclassify(number) == FP_SUBNORMAL ? std::copysign(0.0f, number) : number;
}

inline std::uint16_t to_bfloat16(float number) {
    const auto bits = std::bit_cast<std::uint32_t>(without_denormals(number));
    if (std::isnan(number)) return static_cast<std::uint16_t>(bits >> 16 | 0x40);  // a quiet one
    const std::uint32_t odd = bits >> 16 & 1;
    return static_cast<std::uint16_t>((bits + 0x7fff + odd) >> 16);
}

inline float from_bfloat16(std::uint16_t half) {
    return without_denormals(std::bit_cast<float>(static_cast<std::uint32_t>(half) << 16));
}

// sum + left * right, rounded once: float32 holds the 16 binary digits of a product of two bfloat16.
inline float multiply_add(float sum, std::uint16_t left, std::uint16_t right) {
    const float product = from_bfloat16(left) * from_bfloat16(right);
    return without_denormals(without_denormals(sum) + without_denormals(product));
}

template <class Vector>
__m512bh convert(const Vector& high, const Vector& low) {
    const auto from_high = std::bit_cast<Floats>(high), from_low = std::bit_cast<Floats>(low);
    Halves halves;
    for (int i = 0; i < 16; ++i) {
        halves.at[i] = to_bfloat16(from_low.at[i]);
        halves.at[16 + i] = to_bfloat16(from_high.at[i]);
    }
    return std::bit_cast<__m512bh>(halves);
}

// Of each pair the odd product is added first.
template <class Sums, class Pairs>
__m512 multiply_add_pairs(const Sums& sums, const Pairs& left, const Pairs& right) {
    auto sum = std::bit_cast<Floats>(sums);
    const auto a = std::bit_cast<Halves>(left), b = std::bit_cast<Halves>(right);
    for (int i = 0; i < 16; ++i)
        for (const int half : {2 * i + 1, 2 * i}) sum.at[i] = multiply_add(sum.at[i], a.at[half], b.at[half]);
    return std::bit_cast<__m512>(sum);
}

template <class Vector>
__m512i permute(const Vector& order, const Vector& from) {
    const auto places = std::bit_cast<Halves>(order), halves = std::bit_cast<Halves>(from);
    Halves to;
    for (int i = 0; i < 32; ++i) to.at[i] = halves.at[places.at[i] & 31];
    return std::bit_cast<__m512i>(to);
}

template <class Vector>
__m512i permute_two(const Vector& first, const Vector& order, const Vector& second) {
    const auto places = std::bit_cast<Halves>(order), low = std::bit_cast<Halves>(first),
               high = std::bit_cast<Halves>(second);
    Halves to;
    for (int i = 0; i < 32; ++i) to.at[i] = (places.at[i] & 32 ? high : low).at[places.at[i] & 31];
    return std::bit_cast<__m512i>(to);
}

inline __m512i spread(std::uint32_t word) {
    Words words;
    for (std::uint32_t& each : words.at) each = word;
    return std::bit_cast<__m512i>(words);
}

inline __m256i load_bytes(std::uint32_t which, const void* from) {
    std::uint8_t bytes[32] = {};
    for (int i = 0; i < 32; ++i)
        if (which >> i & 1) bytes[i] = static_cast<const std::uint8_t*>(from)[i];
    return std::bit_cast<__m256i>(bytes);
}

inline __m512i load(const void* from) {
    __m512i to;
    std::memcpy(&to, from, sizeof to);
    return to;
}

template <class Vector>
void store(void* to, const Vector& from) {
    std::memcpy(to, &from, sizeof from);
}

}  // namespace tenfold::emulated

#undef _mm512_cvtne2ps_pbh
#undef _mm512_dpbf16_ps
#undef _mm512_permutexvar_epi16
#undef _mm512_permutex2var_epi16
#undef _mm512_set1_epi32
#undef _mm256_maskz_loadu_epi8
#undef _mm512_load_si512
#undef _mm512_store_si512
#define _mm512_cvtne2ps_pbh ::tenfold::emulated::convert
#define _mm512_dpbf16_ps ::tenfold::emulated::multiply_add_pairs
#define _mm512_permutexvar_epi16 ::tenfold::emulated::permute
#define _mm512_permutex2var_epi16 ::tenfold::emulated::permute_two
#define _mm512_set1_epi32 ::tenfold::emulated::spread
#define _mm256_maskz_loadu_epi8 ::tenfold::emulated::load_bytes
#define _mm512_load_si512 ::tenfold::emulated::load
#define _mm512_store_si512 ::tenfold::emulated::store
