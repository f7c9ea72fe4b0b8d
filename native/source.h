// Examples, with the table that normalises their pixels.
#pragma once

#include <algorithm>
#include <vector>

#include "kernels/kernels.h"
#include "trainer.h"

namespace tenfold {

class NormalisedSource {
public:
    NormalisedSource(const Examples& examples, std::size_t features)
        : source_{.pixels = examples.pixels,
                  .numbers = examples.numbers,
                  .labels = examples.labels,
                  .weights = examples.weights,
                  .features = features,
                  .table = nullptr,
                  .mean = examples.mean.data(),
                  .std = examples.std.data(),
                  .period = examples.mean.size()} {
        if (examples.numbers && is_normalised(examples)) source_.mean = source_.std = nullptr;
        if (!examples.pixels || source_.period > kLongestTable) return;
        for (std::size_t entry = 0; entry < source_.period; ++entry)
            for (int pixel = 0; pixel < 256; ++pixel)
                table_.push_back((static_cast<float>(pixel) / 255.0f - source_.mean[entry]) / source_.std[entry]);
        source_.table = table_.data();
    }
    NormalisedSource(const NormalisedSource&) = delete;

    const Source& source() const { return source_; }

private:
    static bool is_normalised(const Examples& examples) {
        return std::ranges::all_of(examples.mean, [](float mean) { return mean == 0.0f; }) &&
               std::ranges::all_of(examples.std, [](float deviation) { return deviation == 1.0f; });
    }

    static constexpr std::size_t kLongestTable = 16;  // channels; 16 KiB of first-level cache
    std::vector<float> table_;
    Source source_;
};

}  // namespace tenfold
