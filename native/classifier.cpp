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
constexpr std::size_t kWorthAThread = 250'000;  // multiply-adds that make another thread worth its meetings

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

// Rows one after the other, as a batch.
class Rows {
public:
    Rows(std::size_t first, std::size_t count) : count_(count) {
        std::iota(order_, order_ + count, static_cast<std::int64_t>(first));
    }
    Batch batch() const { return {order_, count_}; }

private:
    const std::size_t count_;
    std::int64_t order_[kChunk];
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
    void together(const Source& source, std::size_t count, std::size_t size, float* logits);
    void apart(const Source& source, std::size_t count, std::size_t size, float* logits);
    bool takes_as_it_lies(const Source& source) const;
    Activation inputs(const Source& source, const Batch& rows, const Workspace& workspace, Member& member) const;
    void chunk(const Source& source, const Batch& rows, const Workspace& workspace, Member& member) const;
    void copy_logits(const Batch& rows, const Workspace& workspace, float* logits) const;
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

// Whether rows lie in memory as the first layer wants its inputs: then nothing is copied.
bool Classifier::State::takes_as_it_lies(const Source& source) const {
    const bool are_words = source.numbers && !source.mean && network.kernels().words_in_block == kBlock;
    return are_words && row_stride(source.features) == source.features;
}

// The inputs of a chunk, copied where they have to be.
Activation Classifier::State::inputs(const Source& source, const Batch& rows, const Workspace& workspace,
                                     Member& member) const {
    if (takes_as_it_lies(source)) {
        const float* first = source.numbers + rows.order[0] * source.features;
        return {.rows = const_cast<Word*>(reinterpret_cast<const Word*>(first)), .row_stride = source.features};
    }
    member.work(blocks(rows.size) * blocks(source.features),
                [&](Range some) { network.kernels().gather(source, rows, workspace.inputs[0], some); });
    member.meet();
    return workspace.inputs[0];
}

// Takes rows through all layers, the members of a team sharing the blocks of each.
void Classifier::State::chunk(const Source& source, const Batch& rows, const Workspace& workspace,
                              Member& member) const {
    const Kernels& kernels = network.kernels();
    const std::size_t b = blocks(rows.size), last = network.layers().size() - 1;
    const Activation first = inputs(source, rows, workspace, member);
    for (std::size_t l = 0; l <= last; ++l) {
        Layer layer = network.layers()[l];
        layer.input = l == 0 ? first : workspace.inputs[l];
        member.work(blocks(layer.outputs) * b, [&](Range some) {
            if (l < last)
                kernels.forward(layer, rows.size, workspace.inputs[l + 1], some);
            else
                kernels.forward_logits(layer, rows.size, workspace.logits.data(), some);
        });
        member.meet();
    }
}

void Classifier::State::copy_logits(const Batch& rows, const Workspace& workspace, float* logits) const {
    const std::size_t outputs = network.layers().back().outputs;
    for (std::size_t row = 0; row < rows.size; ++row)
        std::memcpy(logits + row * outputs, workspace.logits.data() + row * padded(outputs), outputs * sizeof(float));
}

// A chunk of rows: all threads share each layer's blocks of outputs, and read no weights but their own.
void Classifier::State::together(const Source& source, std::size_t count, std::size_t size, float* logits) {
    const Rows rows(0, count);
    std::unique_ptr<Workspace> workspace = borrow();
    run_team(static_cast<int>(size), [&](Member& member) { chunk(source, rows.batch(), *workspace, member); });
    copy_logits(rows.batch(), *workspace, logits);
    give_back(std::move(workspace));
}

// Many rows: each thread takes chunks of them through all layers on its own.
void Classifier::State::apart(const Source& source, std::size_t count, std::size_t size, float* logits) {
    const std::size_t length = std::clamp(padded(count / size), kBlock, kChunk);
    const std::size_t outputs = network.layers().back().outputs;
    std::vector<std::unique_ptr<Workspace>> workspaces;
    for (std::size_t i = 0; i < size; ++i) workspaces.push_back(borrow());
    run_team(static_cast<int>(size), [&](Member& member) {
        member.work((count + length - 1) / length, [&](Range some) {
            for (std::size_t i = some.first; i < some.last; ++i) {
                const Rows rows(i * length, std::min(length, count - i * length));
                const Workspace& workspace = *workspaces[member.index()];
                Team nobody_else(1);
                Member alone(nobody_else, 0);
                chunk(source, rows.batch(), workspace, alone);
                copy_logits(rows.batch(), workspace, logits + i * length * outputs);
            }
        });
    });
    for (auto& workspace : workspaces) give_back(std::move(workspace));
}

Classifier::Classifier(std::vector<std::size_t> widths, const Isa& isa, Precision precision,
                       std::span<const LayerTensors> weights)
    : state_(std::make_unique<State>(widths, isa.require(precision))) {
    state_->network.load(weights);
}

Classifier::~Classifier() = default;

void Classifier::logits(const Examples& examples, int threads, float* logits) const {
    State& state = *state_;
    const NormalisedSource normalised(examples, state.network.layers().front().inputs);
    const std::size_t size = state.team_size(examples.count, threads);
    if (examples.count <= kChunk)
        state.together(normalised.source(), examples.count, size, logits);
    else
        state.apart(normalised.source(), examples.count, size, logits);
}

}  // namespace tenfold
