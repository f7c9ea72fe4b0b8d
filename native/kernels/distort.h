// Distortion of an image: moves of control points become moves of pixels, and those new pixels. See ../distortion.h.
//
// Vectors run along x. All but the look-up of the old pixels is arithmetic on vectors of int32.
#pragma once

#include "kernels.h"
#include "vector.h"

namespace tenfold::TENFOLD_ISA {

inline constexpr std::size_t kStripPixels = 1024;  // in work at a time: they stay in first-level cache

typedef std::uint8_t Bytes __attribute__((vector_size(kLanes), may_alias));

TENFOLD_INLINE Integers load_integers(const std::int32_t* from) { return (Integers)load(from); }
TENFOLD_INLINE void store_integers(std::int32_t* to, Integers v) { store(to, (Vector)v); }
TENFOLD_INLINE Integers least(Integers a, Integers b) { return a < b ? a : b; }
TENFOLD_INLINE Integers most(Integers a, Integers b) { return a > b ? a : b; }
TENFOLD_INLINE Integers all_integers(std::int32_t value) { return Integers{} + value; }

template <int... I>
TENFOLD_INLINE Integers count_up(std::integer_sequence<int, I...>) {
    return Integers{I...};
}

// The moves along one axis: first of each column of pixels by each row of control points, then of each pixel.
struct Moves {
    alignas(64) std::int32_t columns[kControlPoints * kLargestSide];

    Moves(const Canvas& canvas, const ControlPoints& points) {
        const std::size_t stride = padded(canvas.width);
        for (std::size_t x = 0; x < stride; x += kLanes) {
            Integers weight[kControlPoints];
            for (int j = 0; j < kControlPoints; ++j) weight[j] = load_integers(canvas.across + j * stride + x);
            for (int i = 0; i < kControlPoints; ++i) {
                Integers sum = all_integers(512);
                for (int j = 0; j < kControlPoints; ++j) sum += weight[j] * points.at[i][j];
                store_integers(columns + i * stride + x, sum >> 10);
            }
        }
    }
    TENFOLD_INLINE Integers at(const SplineWeights& down, std::size_t stride, std::size_t x) const {
        const std::int32_t* row = columns + down.first * stride + x;
        Integers sum = all_integers(512);
        for (int k = 0; k < 4; ++k) sum += load_integers(row + k * stride) * down.of[k];
        return sum >> 10;
    }
};

// Some rows of the new image, padded to whole vectors.
struct Strip {
    std::size_t stride, pixels;
    alignas(64) std::int32_t start[kStripPixels];     // where in the old image the upper left of four pixels is
    alignas(64) std::int32_t fraction[kStripPixels];  // how far beyond it, in 1/1024: x and, 16 bits on, y
    alignas(64) std::int32_t old[kStripPixels];       // the four pixels, a byte each
    alignas(64) std::uint8_t made[kStripPixels];
};

// A pixel's place along one axis: the pixel before it and how far beyond.
struct Place {
    Integers before, fraction;

    TENFOLD_INLINE Place(Integers moved, std::int32_t last) {
        moved = least(most(moved, Integers{}), all_integers(last << 10));
        before = least(moved >> 10, all_integers(last - 1));
        fraction = moved - (before << 10);
    }
};

inline void find_places(const Canvas& canvas, const Moves& moves_x, const Moves& moves_y, Range rows, Strip& strip) {
    const auto width = static_cast<std::int32_t>(canvas.width), height = static_cast<std::int32_t>(canvas.height);
    const auto channels = static_cast<std::int32_t>(canvas.channels);
    const Integers lanes = count_up(std::make_integer_sequence<int, kLanes>{});
    std::size_t at = 0;
    for (std::size_t y = rows.first; y < rows.last; ++y) {
        const SplineWeights down = canvas.down[y];
        for (std::size_t x = 0; x < strip.stride; x += kLanes, at += kLanes) {
            const Integers here = (lanes + static_cast<std::int32_t>(x)) << 10;
            const Place column(here + moves_x.at(down, strip.stride, x), width - 1);
            const Place row(moves_y.at(down, strip.stride, x) + static_cast<std::int32_t>(y << 10), height - 1);
            store_integers(strip.start + at, (row.before * width + column.before) * channels);
            store_integers(strip.fraction + at, column.fraction | row.fraction << 16);
        }
    }
    strip.pixels = at;
}

TENFOLD_INLINE std::uint32_t neighbours(const std::uint8_t* at, std::size_t channels) {
    return at[0] | at[channels] << 8;
}

// `channels` is a constant where it matters: two neighbours are then one load.
TENFOLD_INLINE void look_up(const std::uint8_t* from, std::size_t row, std::size_t channels, Strip& strip) {
#pragma GCC unroll 8
    for (std::size_t i = 0; i < strip.pixels; ++i) {
        const std::uint8_t* at = from + strip.start[i];
        strip.old[i] = static_cast<std::int32_t>(neighbours(at, channels) | neighbours(at + row, channels) << 16);
    }
}

inline void blend(Strip& strip) {
    for (std::size_t i = 0; i < strip.pixels; i += kLanes) {
        const Integers old = load_integers(strip.old + i), fraction = load_integers(strip.fraction + i);
        const Integers x = fraction & 0xffff, y = fraction >> 16;
        const Integers left_above = old & 255, right_above = old >> 8 & 255;
        const Integers left_below = old >> 16 & 255, right_below = old >> 24 & 255;
        const Integers above = (left_above << 10) + (right_above - left_above) * x;
        const Integers below = (left_below << 10) + (right_below - left_below) * x;
        const Integers made = ((above << 10) + (below - above) * y + (1 << 19)) >> 20;
        *reinterpret_cast<Bytes*>(strip.made + i) = __builtin_convertvector(made, Bytes);
    }
}

inline void put_rows(const Canvas& canvas, const Strip& strip, bool mirrored, std::uint8_t* to) {
    const std::size_t width = canvas.width, channels = canvas.channels;
    for (std::size_t start = 0; start < strip.pixels; start += strip.stride, to += width * channels) {
        const std::uint8_t* row = strip.made + start;
        if (channels == 1 && !mirrored) {
            for (std::size_t x = 0; x < width; ++x) to[x] = row[x];
        } else {
            for (std::size_t x = 0; x < width; ++x) to[(mirrored ? width - 1 - x : x) * channels] = row[x];
        }
    }
}

inline void distort(const Canvas& canvas, const Warp& warp, const std::uint8_t* from, std::uint8_t* to) {
    const Moves moves_x(canvas, warp.x), moves_y(canvas, warp.y);
    const std::size_t channels = canvas.channels, row = canvas.width * channels;
    Strip strip;
    strip.stride = padded(canvas.width);
    const std::size_t height = kStripPixels / strip.stride;
    for (std::size_t y = 0; y < canvas.height; y += height) {
        const std::size_t end = y + height < canvas.height ? y + height : canvas.height;
        find_places(canvas, moves_x, moves_y, {y, end}, strip);
        for (std::size_t channel = 0; channel < channels; ++channel) {
            if (channels == 1)
                look_up(from, row, 1, strip);
            else
                look_up(from + channel, row, channels, strip);
            blend(strip);
            put_rows(canvas, strip, warp.mirrored, to + y * row + channel);
        }
    }
}

}  // namespace tenfold::TENFOLD_ISA
