// Shuffling by Fisher and Yates from the front: place i changes with place i + draws[i] mod (n - i).
#pragma once

#include <cstdint>
#include <numeric>
#include <span>
#include <utility>

namespace tenfold {

// draws: [n - 1] random numbers; order: [n], becomes a permutation of 0 … n - 1.
inline void shuffle(std::span<const std::uint32_t> draws, std::span<std::int64_t> order) {
    std::iota(order.begin(), order.end(), 0);
    for (std::size_t i = 0; i < draws.size(); ++i)
        std::swap(order[i], order[i + draws[i] % (order.size() - i)]);
}

}  // namespace tenfold
