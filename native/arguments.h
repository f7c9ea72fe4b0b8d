// What Python hands over and takes back: arrays and state dicts, checked here so that the engine need not.
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "isa.h"
#include "trainer.h"

namespace tenfold {

namespace nb = nanobind;

template <typename Scalar, std::size_t dimensions>
using Array = nb::ndarray<Scalar, nb::ndim<dimensions>, nb::c_contig, nb::device::cpu>;
using Rows = nb::ndarray<nb::ro, nb::ndim<2>, nb::c_contig, nb::device::cpu>;  // uint8 or float32
using Floats = Array<const float, 1>;
using Integers = Array<const std::int64_t, 1>;
template <typename Scalar>
using NumpyArray = nb::ndarray<nb::numpy, Scalar, nb::c_contig>;

using Widths = std::vector<std::size_t>;

constexpr std::size_t kLargestWidth = 1 << 20;  // no product of two overflows

[[noreturn]] inline void refuse(const std::string& what) { throw std::invalid_argument(what); }

template <typename AnyArray>
std::span<typename AnyArray::Scalar> as_span(const AnyArray& array) {
    return {array.data(), array.size()};
}

inline Head head_named(const std::string& name) {
    if (name == "softmax") return Head::softmax;
    if (name == "sigmoid") return Head::sigmoid;
    refuse("head: '" + name + "'; expected softmax or sigmoid");
}

inline Precision precision_named(const std::string& name) {
    if (name == "float32") return Precision::float32;
    if (name == "bfloat16") return Precision::bfloat16;
    refuse("precision: '" + name + "'; expected float32 or bfloat16");
}

inline const Isa& isa_named(const std::string& name, Precision precision) {
    for (const Isa& isa : available_isas()) {
        if (isa.name != name) continue;
        if (isa.kernels(precision) == nullptr) refuse("instruction set: '" + name + "' has no such precision here");
        return isa;
    }
    refuse("instruction set: '" + name + "' does not run here");
}

inline int checked_threads(int threads) {
    if (threads < 1 || threads > 1024) refuse("threads: expected 1 to 1,024");
    return threads;
}

inline Widths checked_widths(Widths widths) {
    if (widths.size() < 2) refuse("widths: expected inputs, hidden layers, outputs");
    for (const std::size_t width : widths)
        if (width < 1 || width > kLargestWidth) refuse("widths: expected each from 1 to 1,048,576");
    return widths;
}

inline std::string tensor_name(std::size_t layer, const char* kind) {
    return "l" + std::to_string(layer + 1) + "." + kind;
}

template <std::size_t dimensions>
float* tensor(const nb::dict& tensors, const std::string& name, const std::array<std::size_t, dimensions>& shape) {
    const nb::object found = tensors.contains(name.c_str()) ? tensors[name.c_str()] : nb::none();
    Array<const float, dimensions> array;
    if (!nb::try_cast(found, array, false)) refuse(name + ": expected a contiguous float32 array");
    for (std::size_t axis = 0; axis < dimensions; ++axis)
        if (array.shape(axis) != shape[axis]) refuse(name + ": its shape does not fit the widths");
    return const_cast<float*>(array.data());  // LayerTensors serves reading and writing alike
}

// The tensors of a state dict, in place; they are only read.
inline std::vector<LayerTensors> layers_of(const nb::dict& tensors, const Widths& widths) {
    std::vector<LayerTensors> layers;
    for (std::size_t layer = 0; layer + 1 < widths.size(); ++layer)
        layers.push_back({tensor<2>(tensors, tensor_name(layer, "weight"), {widths[layer + 1], widths[layer]}),
                          tensor<1>(tensors, tensor_name(layer, "bias"), {widths[layer + 1]})});
    return layers;
}

template <typename Scalar>
NumpyArray<Scalar> new_array(std::initializer_list<std::size_t> shape) {
    std::size_t size = 1;
    for (const std::size_t side : shape) size *= side;
    Scalar* numbers = new Scalar[size];
    const nb::capsule owner(numbers, [](void* memory) noexcept { delete[] static_cast<Scalar*>(memory); });
    return NumpyArray<Scalar>(numbers, shape, owner);
}

// A state dict of new arrays, filled by `store`.
template <typename Store>
nb::dict state_dict(const Widths& widths, Store&& store) {
    nb::dict tensors;
    std::vector<LayerTensors> layers;
    for (std::size_t layer = 0; layer + 1 < widths.size(); ++layer) {
        const auto weight = new_array<float>({widths[layer + 1], widths[layer]});
        const auto bias = new_array<float>({widths[layer + 1]});
        layers.push_back({weight.data(), bias.data()});
        tensors[tensor_name(layer, "weight").c_str()] = nb::cast(weight);
        tensors[tensor_name(layer, "bias").c_str()] = nb::cast(bias);
    }
    store(std::span<const LayerTensors>(layers));
    return tensors;
}

// Rows and how to normalise them; the labels, if any, are the caller's to add.
inline Examples examples_of(const Rows& inputs, const Floats& mean, const Floats& std, std::size_t features) {
    Examples examples;
    if (inputs.dtype() == nb::dtype<std::uint8_t>())
        examples.pixels = static_cast<const std::uint8_t*>(inputs.data());
    else if (inputs.dtype() == nb::dtype<float>())
        examples.numbers = static_cast<const float*>(inputs.data());
    else
        refuse("inputs: expected uint8 or float32");
    if (inputs.shape(1) != features) refuse("inputs: expected as many columns as the network has inputs");
    if (mean.size() == 0 || mean.size() != std.size() || features % mean.size() != 0)
        refuse("mean, std: expected two of one length, which divides the number of inputs");
    examples.count = inputs.shape(0);
    examples.mean = as_span(mean);
    examples.std = as_span(std);
    return examples;
}

// Every index of `order`, the label and the weight that it leads to; those that are not asked for are not read.
inline void check_order(std::span<const std::int64_t> order, const Examples& examples, std::size_t classes) {
    for (const std::int64_t index : order) {
        if (index < 0 || static_cast<std::size_t>(index) >= examples.count) refuse("order: an index out of range");
        const std::int64_t label = examples.labels[index];
        if (label < 0 || static_cast<std::size_t>(label) >= classes) refuse("labels: a label out of range");
        if (examples.weights && !std::isfinite(examples.weights[index])) refuse("weights: expected finite numbers");
    }
}

}  // namespace tenfold
