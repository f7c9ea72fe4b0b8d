#include "trainer.h"

#include <algorithm>
#include <chrono>
#include <numeric>

#include "feed.h"
#include "network.h"
#include "source.h"
#include "team.h"

namespace tenfold {

namespace {

// Adds the time since the last lap to a phase; on all threads but the first it keeps still.
class Stopwatch {
public:
    explicit Stopwatch(bool runs) : runs_(runs) {}
    void lap(double& seconds) {
        if (!runs_) return;
        const Clock::time_point now = Clock::now();
        seconds += std::chrono::duration<double>(now - last_).count();
        last_ = now;
    }

private:
    using Clock = std::chrono::steady_clock;
    const bool runs_;
    Clock::time_point last_ = Clock::now();
};

// Multiply-adds that make another thread worth its meetings: some microseconds' work.
constexpr std::size_t kWorthAThread = 1'000'000;
constexpr std::size_t kDistortedPixel = 64;  // a pixel's distortion takes as long as so many

// One step: the batch that it is about; the next one is gathered and the one after that distorted beside it.
struct Job {
    const Source& source;
    const Feed& feed;
    const Batch batch;
    const std::size_t turn;
    const Loss loss;
    const Step how;
    double& mean_loss;
};

}  // namespace

// The buffers that a batch passes through; they grow with the largest batch.
struct Trainer::State {
    Network network;
    const Head head;
    const int threads;

    std::size_t batch_room = 0;
    std::vector<Layer> layers;  // the network's, with inputs and gradients
    Activation gathered[2];     // inputs of the first layer: this batch's and the next one's, in turn
    std::vector<Buffer<Word>> words;
    Buffer<float> logits;
    Buffer<double> losses;
    Times times;

    State(const std::vector<std::size_t>& widths, Head head, const Kernels& kernels, int threads)
        : network(widths, kernels, true), head(head), threads(threads) {}

    void make_room(std::size_t batch_size);
    int team_size(std::size_t batch_size, bool distorts) const;
    Activation activation(std::size_t width);
    Gradient gradient(std::size_t width);
    Layer layer(std::size_t l, std::size_t turn) const;
    void begin(const Feed& feed, Member& member);
    void forward(const Job& job, Member& member, Stopwatch& watch);
    void backward(const Job& job, Member& member, Stopwatch& watch);
    void update(const Job& job, Member& member, Stopwatch& watch);
    void meet(Member& member, Stopwatch& watch, double& phase);
};

Activation Trainer::State::activation(std::size_t width) {
    Activation made{};
    made.row_stride = row_stride(network.words(width));
    made.column_stride = row_stride(network.words(batch_room));
    made.rows = words.emplace_back(padded(batch_room) * made.row_stride).data();
    made.columns = words.emplace_back(padded(width) * made.column_stride).data();
    return made;
}

Gradient Trainer::State::gradient(std::size_t width) {
    Gradient made{};
    made.by_output = words.emplace_back(padded(width) * network.words(batch_room)).data();
    made.by_example = words.emplace_back(padded(batch_room) * network.words(width)).data();
    return made;
}

void Trainer::State::make_room(std::size_t batch_size) {
    if (batch_size <= batch_room) return;
    batch_room = batch_size;
    words.clear();
    layers = network.layers();
    for (Activation& inputs : gathered) inputs = activation(layers[0].inputs);
    for (std::size_t l = 0; l < layers.size(); ++l) {
        if (l > 0) layers[l].input = activation(layers[l].inputs);
        layers[l].gradient = gradient(layers[l].outputs);
    }
    logits = Buffer<float>(padded(batch_size) * padded(layers.back().outputs));
    losses = Buffer<double>(padded(batch_size));
}

// As many threads as a step of this size can occupy.
int Trainer::State::team_size(std::size_t batch_size, bool distorts) const {
    std::size_t work = distorts ? kDistortedPixel * batch_size * layers[0].inputs : 0;
    for (const Layer& each : layers) work += 3 * batch_size * each.inputs * each.outputs;
    return static_cast<int>(std::clamp<std::size_t>(work / kWorthAThread, 1, threads));
}

Layer Trainer::State::layer(std::size_t l, std::size_t turn) const {
    Layer layer = layers[l];
    if (l == 0) layer.input = gathered[turn % 2];
    return layer;
}

void Trainer::State::meet(Member& member, Stopwatch& watch, double& phase) {
    watch.lap(phase);
    member.meet();
    watch.lap(times.waiting);
}

// What the first step finds done: its batch gathered and the next one distorted.
void Trainer::State::begin(const Feed& feed, Member& member) {
    const Kernels& kernels = network.kernels();
    Stopwatch watch(member.index() == 0);
    member.work(feed.images_to_distort(0), [&](Range some) { feed.distort(kernels, 0, some); });
    meet(member, watch, times.distort);
    const Feed::Part first = feed.part(0);
    const std::size_t lists[] = {blocks(first.batch.size) * blocks(layers[0].inputs), feed.images_to_distort(1)};
    member.work(lists, [&](std::size_t list, Range some) {
        if (list == 0) {
            kernels.gather(first.source, first.batch, gathered[0], some);
            watch.lap(times.gather);
        } else {
            feed.distort(kernels, 1, some);
            watch.lap(times.distort);
        }
    });
    meet(member, watch, times.gather);
}

// All that follows are phases with a meeting after each; within a phase no block reads what another one writes.
void Trainer::State::forward(const Job& job, Member& member, Stopwatch& watch) {
    const Kernels& kernels = network.kernels();
    const std::size_t b = blocks(job.batch.size), last = layers.size() - 1;
    for (std::size_t l = 0; l <= last; ++l) {
        member.work(blocks(layers[l].outputs) * b, [&](Range some) {
            if (l < last)
                kernels.forward(layer(l, job.turn), job.batch.size, layers[l + 1].input, some);
            else
                kernels.forward_logits(layer(l, job.turn), job.batch.size, job.loss.logits, some);
        });
        meet(member, watch, times.forward);
    }
}

void Trainer::State::backward(const Job& job, Member& member, Stopwatch& watch) {
    const Kernels& kernels = network.kernels();
    const std::size_t b = blocks(job.batch.size);
    member.work(b, [&](Range some) { kernels.loss(job.source, job.batch, layers.back(), job.loss, some); });
    meet(member, watch, times.loss);
    for (std::size_t l = layers.size() - 1; l > 0; --l) {
        member.work(blocks(layers[l].inputs) * b, [&](Range some) {
            kernels.input_gradient(layers[l], job.batch.size, layers[l - 1].gradient, some);
        });
        meet(member, watch, times.backward);
    }
}

// Updates all layers and, in the same phase, gathers the next batch, distorts the one after and averages the losses.
void Trainer::State::update(const Job& job, Member& member, Stopwatch& watch) {
    const Kernels& kernels = network.kernels();
    std::vector<std::size_t> lists;
    for (const Layer& each : layers) lists.push_back(blocks(each.outputs) * blocks(each.inputs));
    const Feed::Part next = job.feed.part(job.turn + 1);
    lists.push_back(blocks(next.batch.size) * blocks(job.source.features));
    lists.push_back(job.feed.images_to_distort(job.turn + 2));
    lists.push_back(1);
    member.work(lists, [&](std::size_t list, Range some) {
        if (list < layers.size()) {
            kernels.update(layer(list, job.turn), job.batch.size, job.how, some);
        } else if (list == layers.size()) {
            watch.lap(times.update);
            kernels.gather(next.source, next.batch, gathered[(job.turn + 1) % 2], some);
            watch.lap(times.gather);
        } else if (list == layers.size() + 1) {
            job.feed.distort(kernels, job.turn + 2, some);
            watch.lap(times.distort);
        } else if (some.first < some.last) {
            job.mean_loss = std::accumulate(job.loss.losses, job.loss.losses + job.batch.size, 0.0) / job.batch.size;
        }
    });
    meet(member, watch, times.update);
}

Trainer::Trainer(std::vector<std::size_t> widths, Head head, const Isa& isa, Precision precision, int threads)
    : state_(std::make_unique<State>(widths, head, isa.require(precision), threads)) {}

Trainer::~Trainer() = default;

void Trainer::load(std::span<const LayerTensors> weights, std::span<const LayerTensors> momentum) {
    state_->network.load(weights);
    state_->network.load_momentum(momentum);
}

void Trainer::store_weights(std::span<const LayerTensors> weights) const { state_->network.store(weights); }

void Trainer::store_momentum(std::span<const LayerTensors> momentum) const {
    state_->network.store_momentum(momentum);
}

Times Trainer::times() const { return state_->times; }

void Trainer::train(const Examples& examples, std::span<const std::int64_t> order, const Steps& steps,
                    std::span<double> losses) {
    if (losses.empty()) return;
    State& state = *state_;
    const std::size_t batch_size = std::min(steps.batch_size, order.size());
    state.make_room(batch_size);
    const NormalisedSource normalised(examples, state.layers[0].inputs);
    const Source& source = normalised.source();
    const Feed feed(source, order, steps);
    const Loss loss{state.logits.data(), state.losses.data(), state.head == Head::sigmoid, steps.label_smoothing};
    run_team(state.team_size(batch_size, steps.distortion != nullptr), [&](Member& member) {
        state.begin(feed, member);
        for (std::size_t i = 0; i < losses.size(); ++i) {
            const float rate = steps.learning_rates[i];
            const Step how{steps.momentum, steps.weight_decay, steps.nesterov ? rate * steps.momentum : rate,
                           steps.nesterov ? rate : 0};
            const Job job{source, feed, feed.batch(i), i, loss, how, losses[i]};
            Stopwatch watch(member.index() == 0);
            state.forward(job, member, watch);
            state.backward(job, member, watch);
            state.update(job, member, watch);
        }
    });
}

}  // namespace tenfold
