// Inference: logits of rows of pixels or of normalised numbers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "isa.h"
#include "trainer.h"

namespace tenfold {

class Classifier {
public:
    Classifier(std::vector<std::size_t> widths, const Isa& isa, Precision precision,
               std::span<const LayerTensors> weights);
    ~Classifier();

    // examples.labels is not read; logits: [examples.count][outputs]. May be called by several threads at once.
    void logits(const Examples& examples, int threads, float* logits) const;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace tenfold
