// The Python module tenfold._native: the only file here that knows Python.
//
// It checks what Python hands over (types, shapes, every index) so that the engine need not, and gives up the
// interpreter's lock while the engine works. What it offers is declared in src/tenfold/_native.pyi.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <array>
#include <mutex>
#include <stdexcept>
#include <utility>

#include "classifier.h"
#include "histogram.h"
#include "shuffle.h"
#include "trainer.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace tenfold {
namespace {

template <typename Scalar, std::size_t dimensions>
using Array = nb::ndarray<Scalar, nb::ndim<dimensions>, nb::c_contig, nb::device::cpu>;
using Rows = nb::ndarray<nb::ro, nb::ndim<2>, nb::c_contig, nb::device::cpu>;  // uint8 or float32
using Floats = Array<const float, 1>;
using Integers = Array<const std::int64_t, 1>;
template <typename Scalar>
using NumpyArray = nb::ndarray<nb::numpy, Scalar, nb::c_contig>;

using Widths = std::vector<std::size_t>;

constexpr std::size_t kLargestWidth = 1 << 20;  // no product of two overflows

[[noreturn]] void refuse(const std::string& what) { throw std::invalid_argument(what); }

template <typename AnyArray>
std::span<typename AnyArray::Scalar> as_span(const AnyArray& array) {
    return {array.data(), array.size()};
}

Head head_named(const std::string& name) {
    if (name == "softmax") return Head::softmax;
    if (name == "sigmoid") return Head::sigmoid;
    refuse("head: '" + name + "'; expected softmax or sigmoid");
}

Precision precision_named(const std::string& name) {
    if (name == "float32") return Precision::float32;
    if (name == "bfloat16") return Precision::bfloat16;
    refuse("precision: '" + name + "'; expected float32 or bfloat16");
}

const Isa& isa_named(const std::string& name, Precision precision) {
    for (const Isa& isa : available_isas()) {
        if (isa.name != name) continue;
        if (isa.kernels(precision) == nullptr) refuse("instruction set: '" + name + "' has no such precision here");
        return isa;
    }
    refuse("instruction set: '" + name + "' does not run here");
}

int checked_threads(int threads) {
    if (threads < 1 || threads > 1024) refuse("threads: expected 1 to 1,024");
    return threads;
}

Widths checked_widths(Widths widths) {
    if (widths.size() < 2) refuse("widths: expected inputs, hidden layers, outputs");
    for (const std::size_t width : widths)
        if (width < 1 || width > kLargestWidth) refuse("widths: expected each from 1 to 1,048,576");
    return widths;
}

std::string tensor_name(std::size_t layer, const char* kind) {
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
std::vector<LayerTensors> layers_of(const nb::dict& tensors, const Widths& widths) {
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
Examples examples_of(const Rows& inputs, const Floats& mean, const Floats& std, std::size_t features) {
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

// Every index of `order` and the label that it leads to; labels that are not asked for are not read.
void check_order(std::span<const std::int64_t> order, const Examples& examples, std::size_t classes) {
    for (const std::int64_t index : order) {
        if (index < 0 || static_cast<std::size_t>(index) >= examples.count) refuse("order: an index out of range");
        const std::int64_t label = examples.labels[index];
        if (label < 0 || static_cast<std::size_t>(label) >= classes) refuse("labels: a label out of range");
    }
}

class PythonTrainer {
public:
    PythonTrainer(Widths widths, const std::string& head, const std::string& isa, const std::string& precision,
                  int threads, const nb::dict& weights, const nb::dict& momentum)
        : widths_(checked_widths(std::move(widths))),
          classes_(head_named(head) == Head::sigmoid ? 2 : widths_.back()),
          trainer_(widths_, head_named(head), isa_named(isa, precision_named(precision)), precision_named(precision),
                   checked_threads(threads)) {
        if (head == "sigmoid" && widths_.back() != 1) refuse("widths: expected one output under a sigmoid head");
        trainer_.load(layers_of(weights, widths_), layers_of(momentum, widths_));
    }

    NumpyArray<double> train(const Rows& inputs, const Integers& labels, const Floats& mean, const Floats& std,
                             const Integers& order, std::size_t batch_size, const Floats& learning_rates,
                             float momentum, bool nesterov, float weight_decay, float label_smoothing) {
        Examples examples = examples_of(inputs, mean, std, widths_.front());
        if (labels.size() != examples.count) refuse("labels: expected one a row of inputs");
        examples.labels = labels.data();
        if (batch_size < 1) refuse("batch_size: expected at least 1");
        const std::size_t batches = order.size() / batch_size + (order.size() % batch_size != 0);
        if (learning_rates.size() != batches) refuse("learning_rates: expected one a batch");
        const Steps steps{batch_size, as_span(learning_rates), momentum, nesterov, weight_decay, label_smoothing};
        const auto losses = new_array<double>({batches});
        {
            const nb::gil_scoped_release unlocked;
            const std::scoped_lock alone(mutex_);
            check_order(as_span(order), examples, classes_);
            trainer_.train(examples, as_span(order), steps, as_span(losses));
        }
        return losses;
    }

    nb::dict weights() const {
        return state_dict(widths_, [this](auto layers) {
            const std::scoped_lock alone(mutex_);
            trainer_.store_weights(layers);
        });
    }

    nb::dict momentum() const {
        return state_dict(widths_, [this](auto layers) {
            const std::scoped_lock alone(mutex_);
            trainer_.store_momentum(layers);
        });
    }

    nb::dict times() const {
        const std::scoped_lock alone(mutex_);
        const Times times = trainer_.times();
        nb::dict seconds;
        seconds["gather"] = times.gather;
        seconds["forward"] = times.forward;
        seconds["loss"] = times.loss;
        seconds["backward"] = times.backward;
        seconds["update"] = times.update;
        seconds["waiting"] = times.waiting;
        return seconds;
    }

private:
    Widths widths_;
    std::size_t classes_;
    Trainer trainer_;
    mutable std::mutex mutex_;  // of two Python threads, one works
};

class PythonClassifier {
public:
    PythonClassifier(Widths widths, const std::string& isa, const std::string& precision, const nb::dict& weights)
        : widths_(checked_widths(std::move(widths))),
          classifier_(widths_, isa_named(isa, precision_named(precision)), precision_named(precision),
                      layers_of(weights, widths_)) {}

    NumpyArray<float> logits(const Rows& inputs, const Floats& mean, const Floats& std, int threads) const {
        const Examples examples = examples_of(inputs, mean, std, widths_.front());
        checked_threads(threads);
        const auto logits = new_array<float>({examples.count, widths_.back()});
        {
            const nb::gil_scoped_release unlocked;
            classifier_.logits(examples, threads, logits.data());
        }
        return logits;
    }

private:
    Widths widths_;
    Classifier classifier_;
};

std::vector<std::pair<std::string, std::vector<std::string>>> instruction_sets() {
    std::vector<std::pair<std::string, std::vector<std::string>>> found;
    for (const Isa& isa : available_isas()) {
        found.push_back({isa.name, {"float32"}});
        if (isa.bfloat16 != nullptr) found.back().second.push_back("bfloat16");
    }
    return found;
}

NumpyArray<std::int64_t> shuffled(const Array<const std::uint32_t, 1>& draws) {
    const auto order = new_array<std::int64_t>({draws.size() + 1});
    shuffle(as_span(draws), as_span(order));
    return order;
}

NumpyArray<std::int64_t> pixel_counts(const Array<const std::uint8_t, 2>& pixels) {
    const auto counts = new_array<std::int64_t>({pixels.shape(1), 256});
    std::fill_n(counts.data(), counts.size(), 0);
    const nb::gil_scoped_release unlocked;
    count_values(as_span(pixels), pixels.shape(1), as_span(counts));
    return counts;
}

}  // namespace
}  // namespace tenfold

NB_MODULE(_native, module) {
    using namespace tenfold;
    module.def("instruction_sets", &instruction_sets);
    module.def("shuffled", &shuffled, "draws"_a.noconvert());
    module.def("pixel_counts", &pixel_counts, "pixels"_a.noconvert());
    nb::class_<PythonTrainer>(module, "Trainer")
        .def(nb::init<Widths, const std::string&, const std::string&, const std::string&, int, const nb::dict&,
                      const nb::dict&>(),
             "widths"_a, "head"_a, "isa"_a, "precision"_a, "threads"_a, "weights"_a, "momentum"_a)
        .def("train", &PythonTrainer::train, "inputs"_a.noconvert(), "labels"_a.noconvert(), "mean"_a.noconvert(),
             "std"_a.noconvert(), "order"_a.noconvert(), nb::kw_only(), "batch_size"_a,
             "learning_rates"_a.noconvert(), "momentum"_a, "nesterov"_a, "weight_decay"_a, "label_smoothing"_a)
        .def("weights", &PythonTrainer::weights)
        .def("momentum", &PythonTrainer::momentum)
        .def("times", &PythonTrainer::times);
    nb::class_<PythonClassifier>(module, "Classifier")
        .def(nb::init<Widths, const std::string&, const std::string&, const nb::dict&>(), "widths"_a, "isa"_a,
             "precision"_a, "weights"_a)
        .def("logits", &PythonClassifier::logits, "inputs"_a.noconvert(), "mean"_a.noconvert(),
             "std"_a.noconvert(), "threads"_a);
}
