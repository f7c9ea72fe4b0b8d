// The layers of a network: their state, its operands, and the way from and to PyTorch's tensors.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "buffer.h"
#include "kernels/kernels.h"
#include "trainer.h"

namespace tenfold {

class Network {
public:
    // Without `trains` there is no momentum and no operand for the backward product.
    Network(const std::vector<std::size_t>& widths, const Kernels& kernels, bool trains);

    void load(std::span<const LayerTensors> weights);
    void load_momentum(std::span<const LayerTensors> momentum);
    void store(std::span<const LayerTensors> weights) const;
    void store_momentum(std::span<const LayerTensors> momentum) const;

    std::size_t words(std::size_t count) const { return padded(count) / kBlock * kernels_.words_in_block; }
    const Kernels& kernels() const { return kernels_; }
    const std::vector<Layer>& layers() const { return layers_; }

private:
    const Kernels& kernels_;
    std::vector<Layer> layers_;
    std::vector<Buffer<float>> numbers_;
    std::vector<Buffer<Word>> words_;
};

}  // namespace tenfold
