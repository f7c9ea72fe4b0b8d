#include "classifier.h"

#include <algorithm>
#include <cstring>
#include <mutex>
#include <numeric>

#include "network.h"
#include "source.h"
#include "team.h"

namespace tenfold {

namespace {

constexpr std::size_t kChunk = 128;  // rows at most that pass through all layers together: they stay in cache
constexpr std::size_t kWorthAThread = 10'000'000;  // multiply-adds beside which the start of a thread is little

// What one chunk needs on its way; kept for the next call, as a single image takes less time than the memory.
struct Workspace {
    std::vector<Activation> inputs;  // of each layer
    std::vector<Buffer<Word>> words;
    Buffer<float> logits;

    explicit Workspace(const Network& network) : logits(kChunk * padded(network.layers().back().outputs)) {
        for (const Layer& layer : network.layers()) {
            Activation made{};
            made.row_stride = row_stride(network.words(layer.inputs));
            made.rows = words.emplace_back(kChunk * made.row_stride).data();
            inputs.push_back(made);
        }
    }
};

}  // namespace

struct Classifier::State {
    Network network;
    std::mutex mutex;
    std::vector<std::unique_ptr<Workspace>> idle;

    State(const std::vector<std::size_t>& widths, const Kernels& kernels) : network(widths, kernels, false) {}

    std::size_t team_size(std::size_t count, int threads) const;
    std::unique_ptr<Workspace> borrow();
    void give_back(std::unique_ptr<Workspace> workspace);
    void chunk(const Source& source, const Batch& rows, const Workspace& workspace, float* logits) const;
};

// As many threads as that many rows are worth.
std::size_t Classifier::State::team_size(std::size_t count, int threads) const {
    std::size_t work = 0;
    for (const Layer& layer : network.layers()) work += count * layer.inputs * layer.outputs;
    return std::clamp<std::size_t>(work / kWorthAThread, 1, std::max(threads, 1));
}

std::unique_ptr<Workspace> Classifier::State::borrow() {
    {
        const std::lock_guard lock(mutex);
        if (!idle.empty()) {
            std::unique_ptr<Workspace> workspace = std::move(idle.back());
            idle.pop_back();
            return workspace;
        }
    }
    return std::make_unique<Workspace>(network);
}

void Classifier::State::give_back(std::unique_ptr<Workspace> workspace) {
    const std::lock_guard lock(mutex);
    idle.push_back(std::move(workspace));
}

void Classifier::State::chunk(const Source& source, const Batch& rows, const Workspace& workspace,
                              float* logits) const {
    const Kernels& kernels = network.kernels();
    const std::size_t b = blocks(rows.size), last = network.layers().size() - 1;
    kernels.gather(source, rows, workspace.inputs[0], {0, b * blocks(source.features)});
    for (std::size_t l = 0; l <= last; ++l) {
        Layer layer = network.layers()[l];
        layer.input = workspace.inputs[l];
        const Range all{0, blocks(layer.outputs) * b};
        if (l < last)
            kernels.forward(layer, rows.size, workspace.inputs[l + 1], all);
        else
            kernels.forward_logits(layer, rows.size, workspace.logits.data(), all);
    }
    const std::size_t outputs = network.layers()[last].outputs;
    for (std::size_t row = 0; row < rows.size; ++row)
        std::memcpy(logits + row * outputs, workspace.logits.data() + row * padded(outputs), outputs * sizeof(float));
}

Classifier::Classifier(std::vector<std::size_t> widths, const Isa& isa, Precision precision,
                       std::span<const LayerTensors> weights)
    : state_(std::make_unique<State>(widths, isa.require(precision))) {
    state_->network.load(weights);
}

Classifier::~Classifier() = default;

void Classifier::logits(const Examples& examples, int threads, float* logits) const {
    State& state = *state_;
    const std::size_t features = state.network.layers().front().inputs;
    const std::size_t outputs = state.network.layers().back().outputs;
    const std::size_t size = state.team_size(examples.count, threads);
    const std::size_t chunk = std::clamp(padded(examples.count / size), kBlock, kChunk);
    const std::size_t chunks = (examples.count + chunk - 1) / chunk;
    const NormalisedSource normalised(examples, features);
    std::vector<std::unique_ptr<Workspace>> workspaces;
    for (std::size_t i = 0; i < size; ++i) workspaces.push_back(state.borrow());
    run_team(static_cast<int>(size), [&](Member& member) {
        member.work(chunks, [&](Range some) {
            std::int64_t rows[kChunk];
            for (std::size_t i = some.first; i < some.last; ++i) {
                const std::size_t start = i * chunk, count = std::min(chunk, examples.count - start);
                std::iota(rows, rows + count, static_cast<std::int64_t>(start));
                state.chunk(normalised.source(), {rows, count}, *workspaces[member.index()], logits + start * outputs);
            }
        });
    });
    for (auto& workspace : workspaces) state.give_back(std::move(workspace));
}

}  // namespace tenfold
