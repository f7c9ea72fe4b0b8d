// The batches of one call of the trainer, each as it is to be gathered: from the examples, or from distorted copies.
#pragma once

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

#include "buffer.h"
#include "kernels/kernels.h"
#include "trainer.h"

namespace tenfold {

// Copies of two batches are kept in turn: while one is gathered, the next one is distorted.
class Feed {
public:
    struct Part {
        Source source;
        Batch batch;
    };

    Feed(const Source& source, std::span<const std::int64_t> order, const Steps& steps)
        : source_(source), order_(order), steps_(steps) {
        if (!steps.distortion) return;
        const std::size_t largest = std::min(steps.batch_size, order.size());
        for (Buffer<std::uint8_t>& copies : copies_) copies = Buffer<std::uint8_t>(largest * source.features);
        places_.resize(largest);
        std::iota(places_.begin(), places_.end(), 0);
    }

    Batch batch(std::size_t i) const {
        const std::size_t start = std::min(i * steps_.batch_size, order_.size());
        return {order_.data() + start, std::min(steps_.batch_size, order_.size() - start)};
    }
    std::size_t images_to_distort(std::size_t i) const { return steps_.distortion ? batch(i).size : 0; }
    void distort(const Kernels& kernels, std::size_t i, Range images) const {
        for (std::size_t row = images.first; row < images.last; ++row) {
            const auto image = static_cast<std::size_t>(batch(i).order[row]);
            steps_.distortion->distort(kernels, steps_.key, image, source_.pixels + image * source_.features,
                                       copies_[i % 2].data() + row * source_.features);
        }
    }
    Part part(std::size_t i) const {
        if (!steps_.distortion) return {source_, batch(i)};
        Source copies = source_;
        copies.pixels = copies_[i % 2].data();
        return {copies, {places_.data(), batch(i).size}};
    }

private:
    const Source& source_;
    const std::span<const std::int64_t> order_;
    const Steps& steps_;
    Buffer<std::uint8_t> copies_[2];
    std::vector<std::int64_t> places_;
};

}  // namespace tenfold
