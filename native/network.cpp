#include "network.h"

namespace tenfold {

namespace {

// Where weight [output][input] lies in panels [n][K'][32].
std::size_t panel_index(const Layer& layer, std::size_t output, std::size_t input) {
    return (output / kBlock * padded(layer.inputs) + input) * kBlock + output % kBlock;
}

void into_panels(const Layer& layer, const LayerTensors& from, float* weight, float* bias) {
    for (std::size_t o = 0; o < layer.outputs; ++o) {
        bias[o] = from.bias[o];
        for (std::size_t i = 0; i < layer.inputs; ++i)
            weight[panel_index(layer, o, i)] = from.weight[o * layer.inputs + i];
    }
}

void from_panels(const Layer& layer, const float* weight, const float* bias, const LayerTensors& to) {
    for (std::size_t o = 0; o < layer.outputs; ++o) {
        to.bias[o] = bias[o];
        for (std::size_t i = 0; i < layer.inputs; ++i)
            to.weight[o * layer.inputs + i] = weight[panel_index(layer, o, i)];
    }
}

template <class T>
T* keep(std::vector<Buffer<T>>& buffers, std::size_t count) {
    return buffers.emplace_back(count).data();
}

}  // namespace

Network::Network(const std::vector<std::size_t>& widths, const Kernels& kernels, bool trains)
    : kernels_(kernels) {
    const bool packed = kernels.words_in_block != kBlock;  // the forward operand is not the weight itself
    for (std::size_t l = 0; l + 1 < widths.size(); ++l) {
        Layer layer{.inputs = widths[l], .outputs = widths[l + 1]};
        const std::size_t count = padded(layer.inputs) * padded(layer.outputs);
        layer.weight = keep(numbers_, count);
        layer.bias = keep(numbers_, padded(layer.outputs));
        layer.forward_weight = packed ? keep(words_, count / 2) : reinterpret_cast<Word*>(layer.weight);
        if (trains) {
            layer.momentum = keep(numbers_, count);
            layer.bias_momentum = keep(numbers_, padded(layer.outputs));
            if (l > 0) {
                layer.backward_stride = row_stride(words(layer.outputs));
                layer.backward_weight = keep(words_, padded(layer.inputs) * layer.backward_stride);
            }
        }
        layers_.push_back(layer);
    }
}

void Network::load(std::span<const LayerTensors> weights) {
    for (std::size_t l = 0; l < layers_.size(); ++l) {
        const Layer& layer = layers_[l];
        into_panels(layer, weights[l], layer.weight, layer.bias);
        kernels_.refresh(layer, {0, blocks(layer.outputs) * blocks(layer.inputs)});
    }
}

void Network::load_momentum(std::span<const LayerTensors> momentum) {
    for (std::size_t l = 0; l < layers_.size(); ++l)
        into_panels(layers_[l], momentum[l], layers_[l].momentum, layers_[l].bias_momentum);
}

void Network::store(std::span<const LayerTensors> weights) const {
    for (std::size_t l = 0; l < layers_.size(); ++l)
        from_panels(layers_[l], layers_[l].weight, layers_[l].bias, weights[l]);
}

void Network::store_momentum(std::span<const LayerTensors> momentum) const {
    for (std::size_t l = 0; l < layers_.size(); ++l)
        from_panels(layers_[l], layers_[l].momentum, layers_[l].bias_momentum, momentum[l]);
}

}  // namespace tenfold
