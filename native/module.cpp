// The Python module tenfold._native: with arguments.h the only file here that knows Python.
//
// It checks what Python hands over (types, shapes, every index) so that the engine need not, and gives up the
// interpreter's lock while the engine works. What it offers is declared in src/tenfold/_native.pyi.
#include <nanobind/stl/array.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <array>
#include <mutex>
#include <optional>
#include <utility>

#include "arguments.h"
#include "classifier.h"
#include "distortion.h"
#include "histogram.h"
#include "shuffle.h"
#include "team.h"
#include "trainer.h"

using namespace nanobind::literals;

namespace tenfold {
namespace {

class PythonDistortion {
public:
    // Amplitudes: rotation, scaling, shear, shift, elastic in units of 2^-16; mirror, 0 or 1.
    PythonDistortion(const std::array<std::int64_t, 6>& amplitudes, std::size_t height, std::size_t width,
                     std::size_t channels)
        : distortion_(checked(amplitudes), checked_side(height), checked_side(width), checked_channels(channels)) {}

    const Distortion& get() const { return distortion_; }

    NumpyArray<std::uint8_t> distort(const Array<const std::uint8_t, 2>& images, const Integers& indices,
                                     std::uint32_t seed, std::uint32_t epoch, const std::string& isa,
                                     int threads) const {
        const std::size_t count = images.shape(0), features = images.shape(1);
        if (features != distortion_.features()) refuse("images: expected rows of height x width x channels pixels");
        if (indices.size() != count) refuse("indices: expected one an image");
        for (const std::int64_t index : as_span(indices))
            if (index < 0) refuse("indices: expected none below zero");
        const Kernels& kernels = isa_named(isa, Precision::float32).require(Precision::float32);
        checked_threads(threads);
        const auto made = new_array<std::uint8_t>({count, features});
        const nb::gil_scoped_release unlocked;
        run_team(threads, [&](Member& member) {
            member.work(count, [&](Range some) {
                for (std::size_t i = some.first; i < some.last; ++i)
                    distortion_.distort(kernels, {seed, epoch}, static_cast<std::uint64_t>(indices.data()[i]),
                                        images.data() + i * features, made.data() + i * features);
            });
            member.meet();
        });
        return made;
    }

private:
    static Amplitudes checked(const std::array<std::int64_t, 6>& a) {
        if (a[0] < 0 || a[0] > kLargestRotation) refuse("amplitudes: expected a rotation from 0 to 51,472");
        for (std::size_t i = 1; i < 5; ++i)
            if (a[i] < 0 || a[i] > kLargestShare) refuse("amplitudes: expected shares from 0 to 32,768");
        if (a[5] < 0 || a[5] > 1) refuse("amplitudes: expected mirror as 0 or 1");
        return {a[0], a[1], a[2], a[3], a[4], a[5] == 1};
    }
    static std::size_t checked_side(std::size_t side) {
        if (side < kSmallestSide || side > kLargestSide) refuse("height, width: expected each from 2 to 512");
        return side;
    }
    static std::size_t checked_channels(std::size_t channels) {
        if (channels < 1 || channels > 1024) refuse("channels: expected 1 to 1,024");
        return channels;
    }

    Distortion distortion_;
};

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
                             float momentum, bool nesterov, float weight_decay, float label_smoothing,
                             const std::optional<Floats>& weights, const PythonDistortion* distortion,
                             std::uint32_t seed, std::uint32_t epoch) {
        Examples examples = examples_of(inputs, mean, std, widths_.front());
        if (labels.size() != examples.count) refuse("labels: expected one a row of inputs");
        examples.labels = labels.data();
        if (weights && weights->size() != examples.count) refuse("weights: expected one a row of inputs");
        examples.weights = weights ? weights->data() : nullptr;
        if (batch_size < 1) refuse("batch_size: expected at least 1");
        const std::size_t batches = order.size() / batch_size + (order.size() % batch_size != 0);
        if (learning_rates.size() != batches) refuse("learning_rates: expected one a batch");
        if (distortion && !examples.pixels) refuse("inputs: expected uint8 where images are distorted");
        if (distortion && distortion->get().features() != widths_.front())
            refuse("distortion: expected images of as many pixels as the network has inputs");
        const Steps steps{batch_size,      as_span(learning_rates),                     momentum,
                          nesterov,        weight_decay,                                label_smoothing,
                          distortion ? &distortion->get() : nullptr, {seed, epoch}};
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
        seconds["distort"] = times.distort;
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
    nb::set_leak_warnings(false);  // what is alive when Python ends goes with the process
    module.def("instruction_sets", &instruction_sets);
    module.def("shuffled", &shuffled, "draws"_a.noconvert());
    module.def("pixel_counts", &pixel_counts, "pixels"_a.noconvert());
    nb::class_<PythonDistortion>(module, "Distortion")
        .def(nb::init<const std::array<std::int64_t, 6>&, std::size_t, std::size_t, std::size_t>(), "amplitudes"_a,
             "height"_a, "width"_a, "channels"_a)
        .def("distort", &PythonDistortion::distort, "images"_a.noconvert(), "indices"_a.noconvert(), nb::kw_only(),
             "seed"_a, "epoch"_a, "isa"_a, "threads"_a);
    nb::class_<PythonTrainer>(module, "Trainer")
        .def(nb::init<Widths, const std::string&, const std::string&, const std::string&, int, const nb::dict&,
                      const nb::dict&>(),
             "widths"_a, "head"_a, "isa"_a, "precision"_a, "threads"_a, "weights"_a, "momentum"_a)
        .def("train", &PythonTrainer::train, "inputs"_a.noconvert(), "labels"_a.noconvert(), "mean"_a.noconvert(),
             "std"_a.noconvert(), "order"_a.noconvert(), nb::kw_only(), "batch_size"_a,
             "learning_rates"_a.noconvert(), "momentum"_a, "nesterov"_a, "weight_decay"_a, "label_smoothing"_a,
             "weights"_a.noconvert().none() = nb::none(), "distortion"_a.none() = nb::none(), "seed"_a = 0,
             "epoch"_a = 0)
        .def("weights", &PythonTrainer::weights)
        .def("momentum", &PythonTrainer::momentum)
        .def("times", &PythonTrainer::times);
    nb::class_<PythonClassifier>(module, "Classifier")
        .def(nb::init<Widths, const std::string&, const std::string&, const nb::dict&>(), "widths"_a, "isa"_a,
             "precision"_a, "weights"_a)
        .def("logits", &PythonClassifier::logits, "inputs"_a.noconvert(), "mean"_a.noconvert(),
             "std"_a.noconvert(), "threads"_a);
}
