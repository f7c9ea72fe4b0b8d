// How often each value occurs among the pixels of each channel.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace tenfold {

// pixels: [count][channels]; counts: [channels][256], added to. Neighbours count in different tables: a table that
// was just written to is slow to read, and neighbours are often equal.
inline void count_values(std::span<const std::uint8_t> pixels, std::size_t channels, std::span<std::int64_t> counts) {
    constexpr std::size_t tables = 4;
    std::vector<std::array<std::int64_t, 256>> found(tables * channels);
    const std::size_t stride = tables * channels, whole = pixels.size() / stride * stride;
    for (std::size_t start = 0; start < whole; start += stride)
        for (std::size_t i = 0; i < stride; ++i) ++found[i][pixels[start + i]];
    for (std::size_t i = whole; i < pixels.size(); ++i) ++found[i - whole][pixels[i]];
    for (std::size_t i = 0; i < stride; ++i)
        for (std::size_t value = 0; value < 256; ++value) counts[i % channels * 256 + value] += found[i][value];
}

}  // namespace tenfold
