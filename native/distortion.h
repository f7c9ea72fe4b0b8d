// Random distortion of training images, bit for bit what src/tenfold/training/distortion.py does: read that first.
//
// Here are the tables of an image's size and, image by image, the moves of its control points; kernels/distort.h
// carries them to the pixels.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "buffer.h"
#include "kernels/kernels.h"

namespace tenfold {

// Limits in units of 2^-16, angles in radians. With these and sides of 512 nothing overflows: see distortion.cpp.
inline constexpr std::int64_t kLargestRotation = 51472, kLargestShare = 1 << 15;
inline constexpr std::size_t kSmallestSide = 2;

struct Amplitudes {
    std::int64_t rotation = 0, scaling = 0, shear = 0, shift = 0, elastic = 0;
    bool mirror = false;
};

// What an image's random numbers depend on, beside its place in the training set.
struct RandomKey {
    std::uint32_t seed = 0, epoch = 0;
};

class Distortion {
public:
    // Sides from 2 to 512.
    Distortion(const Amplitudes& amplitudes, std::size_t height, std::size_t width, std::size_t channels);

    const Canvas& canvas() const { return canvas_; }
    std::size_t features() const { return canvas_.height * canvas_.width * canvas_.channels; }
    Warp warp(RandomKey key, std::uint64_t image) const;
    // Puts a distorted copy of an image, [height][width][channels], at `to`.
    void distort(const Kernels& kernels, RandomKey key, std::uint64_t image, const std::uint8_t* from,
                 std::uint8_t* to) const;

private:
    Amplitudes amplitudes_;
    Buffer<std::int32_t> across_;
    std::vector<SplineWeights> down_;
    Canvas canvas_;
};

}  // namespace tenfold
