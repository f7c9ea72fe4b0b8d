#include "distortion.h"

#include "philox.h"

namespace tenfold {

namespace {

// Fixed point: amplitudes have 16 binary digits after the point, draws 15, entries of matrices 24, pixels and weights
// 10. At the limits, entries are below 2 and control points 384 pixels from the centre: 2^25 · 2^19 fits into 64 bits.
// A point moves along an axis by at most 2.24 · 384 pixels by the matrix, the worst being 45 degrees with all factors
// at their limits, and by 256 each by shift and elasticity: less than 1,373 pixels. In 1/1024, and times the weights,
// which sum to 1024, that is 1.44 · 10^9 and fits into the 32 bits of kernels/distort.h.
constexpr std::int64_t kUnit = 1 << 24;
constexpr std::int64_t kOne = 1 << 10;

constexpr int kDraws = 8 + 2 * kControlPoints * kControlPoints;
constexpr int kDrawsInBlock = 8;

constexpr std::int64_t rounded(std::int64_t number, int bits) {
    return (number + (std::int64_t{1} << (bits - 1))) >> bits;
}

constexpr std::int64_t product(std::int64_t a, std::int64_t b) { return rounded(a * b, 24); }

// A Taylor series from its last term on.
std::int64_t alternating_series(std::int64_t square, const std::int64_t (&divisors)[4]) {
    std::int64_t total = kUnit;
    for (const std::int64_t divisor : divisors) total = kUnit - product(square, total) / divisor;
    return total;
}

std::int64_t cosine(std::int64_t angle) { return alternating_series(product(angle, angle), {56, 30, 12, 2}); }
std::int64_t sine(std::int64_t angle) {
    return product(angle, alternating_series(product(angle, angle), {72, 42, 20, 6}));
}

struct Draws {
    std::int16_t at[(kDraws + kDrawsInBlock - 1) / kDrawsInBlock * kDrawsInBlock];

    Draws(RandomKey key, std::uint64_t image) {
        for (int i = 0; i < kDraws; i += kDrawsInBlock) {
            const PhiloxCounter words =
                philox({static_cast<std::uint32_t>(image), static_cast<std::uint32_t>(image >> 32), key.epoch,
                        static_cast<std::uint32_t>(i / kDrawsInBlock)},
                       {key.seed, 0});
            for (int word = 0; word < 4; ++word) {
                at[i + 2 * word] = static_cast<std::int16_t>(words[word] & 0xffff);
                at[i + 2 * word + 1] = static_cast<std::int16_t>(words[word] >> 16);
            }
        }
    }
};

// Moves along one axis: an affine function of the point, and a draw for each.
struct AxisMoves {
    std::int64_t by_x, by_y, shift, elastic;
    const std::int16_t* draws;

    void put(std::int64_t step_x, std::int64_t step_y, ControlPoints& to) const {
        constexpr int middle = kControlPoints / 2;
        for (int i = 0; i < kControlPoints; ++i)
            for (int j = 0; j < kControlPoints; ++j) {
                const std::int64_t linear = by_x * (step_x * (j - middle)) + by_y * (step_y * (i - middle));
                const std::int64_t pull = elastic * draws[i * kControlPoints + j];
                to.at[i][j] = static_cast<std::int32_t>(rounded(linear, 24) + shift + rounded(pull, 21));
            }
    }
};

// How much a pixel of a side takes from each of the four control points around it.
SplineWeights spline_weights(std::size_t pixel, std::size_t pixels) {
    const auto side = static_cast<std::int64_t>(pixels), place = 2 * (2 * static_cast<std::int64_t>(pixel) + 1);
    const std::int64_t t = place % side, whole = 6 * side * side * side;
    const auto weight = [&](std::int64_t sixfold) {
        return static_cast<std::int32_t>((2 * kOne * sixfold + whole) / (2 * whole));
    };
    const std::int32_t first = weight((side - t) * (side - t) * (side - t));
    const std::int32_t third = weight(-3 * t * t * t + 3 * t * t * side + 3 * t * side * side + side * side * side);
    const std::int32_t last = weight(t * t * t);
    return {static_cast<std::int32_t>(place / side),
            {first, static_cast<std::int32_t>(kOne) - first - third - last, third, last}};
}

}  // namespace

Distortion::Distortion(const Amplitudes& amplitudes, std::size_t height, std::size_t width, std::size_t channels)
    : amplitudes_(amplitudes), across_(kControlPoints * padded(width)) {
    for (std::size_t x = 0; x < width; ++x) {
        const SplineWeights weights = spline_weights(x, width);
        for (int k = 0; k < 4; ++k) across_.data()[(weights.first + k) * padded(width) + x] = weights.of[k];
    }
    for (std::size_t y = 0; y < height; ++y) down_.push_back(spline_weights(y, height));
    canvas_ = {height, width, channels, across_.data(), down_.data()};
}

Warp Distortion::warp(RandomKey key, std::uint64_t image) const {
    const Draws draws(key, image);
    const std::int16_t* u = draws.at;
    const std::int64_t angle = rounded(amplitudes_.rotation * u[0], 7), cos = cosine(angle), sin = sine(angle);
    const std::int64_t scale_x = kUnit + rounded(amplitudes_.scaling * u[1], 7);
    const std::int64_t scale_y = kUnit + rounded(amplitudes_.scaling * u[2], 7);
    const std::int64_t slant = rounded(amplitudes_.shear * u[3], 7);
    const auto width = static_cast<std::int64_t>(canvas_.width), height = static_cast<std::int64_t>(canvas_.height);
    const AxisMoves x{product(cos, scale_x) - kUnit, product(product(cos, slant) - sin, scale_y),
                      rounded(width * amplitudes_.shift * u[4], 21), width * amplitudes_.elastic, u + 8};
    const AxisMoves y{product(sin, scale_x), product(product(sin, slant) + cos, scale_y) - kUnit,
                      rounded(height * amplitudes_.shift * u[5], 21), height * amplitudes_.elastic,
                      u + 8 + kControlPoints * kControlPoints};
    Warp warp;
    x.put(256 * width, 256 * height, warp.x);
    y.put(256 * width, 256 * height, warp.y);
    warp.mirrored = amplitudes_.mirror && u[6] < 0;
    return warp;
}

void Distortion::distort(const Kernels& kernels, RandomKey key, std::uint64_t image, const std::uint8_t* from,
                         std::uint8_t* to) const {
    for (std::size_t at = 0; at < features(); at += 64) __builtin_prefetch(from + at);  // on its way while we draw
    kernels.distort(canvas_, warp(key, image), from, to);
}

}  // namespace tenfold
