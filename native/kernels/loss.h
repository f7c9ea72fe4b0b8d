// The loss of a batch, and its gradient by the logits: p - y over the batch size; both times the example's weight.
//
// softmax: L = log Σ e^z - Σ t z with targets t = (1 - s) [class is the label] + s / classes
// sigmoid: L = log(1 + e^-|z|) + max(z, 0) - t z with t = (1 - s) label + s / 2
#pragma once

#include <math.h>

#include "kernels.h"
#include "operand.h"

namespace tenfold::TENFOLD_ISA {

TENFOLD_INLINE float largest_lane(Vector v) {
    float largest = v[0];
    for (int i = 1; i < kLanes; ++i) largest = v[i] > largest ? v[i] : largest;
    return largest;
}

TENFOLD_INLINE double sum_of_lanes(Vector v) {
    double sum = 0;
    for (int i = 0; i < kLanes; ++i) sum += v[i];
    return sum;
}

// Turns a row of logits into p - t over the batch size; returns its loss in nats.
inline double cross_entropy(float* z, std::size_t classes, std::size_t label, float smoothing, float scale) {
    const std::size_t lanes = padded(classes);
    const float label_logit = z[label], uniform = smoothing / static_cast<float>(classes);
    double logit_sum = 0;
    for (std::size_t c = 0; smoothing > 0 && c < classes; ++c) logit_sum += z[c];
    for (std::size_t c = classes; c < lanes; ++c) z[c] = -__builtin_inff();
    Vector most = load(z), sums{};
    for (std::size_t c = 0; c < lanes; c += kLanes) most = load(z + c) > most ? load(z + c) : most;
    const float largest = largest_lane(most);
    for (std::size_t c = 0; c < lanes; c += kLanes) {
        const Vector power = exponential(load(z + c) - largest);
        sums += power;
        store(z + c, power);
    }
    const double sum = sum_of_lanes(sums);
    const float norm = static_cast<float>(scale / sum);
    for (std::size_t c = 0; c < lanes; c += kLanes) store(z + c, load(z + c) * norm - uniform * scale);
    for (std::size_t c = classes; c < lanes; ++c) z[c] = 0;
    z[label] -= (1 - smoothing) * scale;
    return log(sum) + largest - (1 - smoothing) * label_logit - uniform * logit_sum;
}

inline double binary_cross_entropy(float* z, std::size_t label, float smoothing, float scale) {
    const double logit = z[0], target = (1 - smoothing) * static_cast<float>(label) + smoothing / 2;
    const double small = exp(-fabs(logit));  // never overflows
    const double p = (logit < 0 ? small : 1.0) / (1 + small);
    z[0] = static_cast<float>((p - target) * scale);
    for (std::size_t c = 1; c < kBlock; ++c) z[c] = 0;
    return log1p(small) + (logit > 0 ? logit : 0) - target * logit;
}

// What the loss needs to know of a block of examples; they lie far apart in memory, so all are asked for at once.
struct Truth {
    std::size_t rows;
    std::size_t label[kBlock];
    float weight[kBlock];

    Truth(const Source& source, const Batch& batch, std::size_t b) : rows(at_most_block(batch.size - b * kBlock)) {
        const std::int64_t* examples = batch.order + b * kBlock;
        for (std::size_t r = 0; r < rows; ++r) label[r] = static_cast<std::size_t>(source.labels[examples[r]]);
        for (std::size_t r = 0; r < rows; ++r) weight[r] = source.weights ? source.weights[examples[r]] : 1.0f;
    }
};

// Stores rows of p - t as the operands of two products.
template <class Operand>
inline void store_gradient(const float* rows, std::size_t count, std::size_t batch_size, const Layer& last,
                           std::size_t b) {
    const std::size_t stride = padded(last.outputs);
    for (std::size_t n = 0; n < blocks(last.outputs); ++n) {
        Block gradient{};
        for (std::size_t r = 0; r < count; ++r)
            for (int j = 0; j < kVectors; ++j)
                store(&gradient.at[r][j * kLanes], load(rows + r * stride + n * kBlock + j * kLanes));
        const std::size_t of_batch = n * Operand::words(padded(batch_size)) + b * Operand::kWords;
        Operand::store_right(gradient, last.gradient.by_output + of_batch * kBlock);
        const std::size_t of_outputs = b * Operand::words(stride) + n * Operand::kWords;
        Operand::store_right_turned(gradient, last.gradient.by_example + of_outputs * kBlock);
    }
}

template <class Operand>
void loss(const Source& source, const Batch& batch, const Layer& last, const Loss& loss, Range range) {
    const std::size_t stride = padded(last.outputs);
    const float share = 1.0f / static_cast<float>(batch.size);
    for (std::size_t b = range.first; b < range.last; ++b) {
        const Truth truth(source, batch, b);
        float* rows = loss.logits + b * kBlock * stride;
        for (std::size_t r = 0; r < truth.rows; ++r) {
            float* z = rows + r * stride;
            const float scale = truth.weight[r] * share;
            const double nats = loss.sigmoid
                                    ? binary_cross_entropy(z, truth.label[r], loss.label_smoothing, scale)
                                    : cross_entropy(z, last.outputs, truth.label[r], loss.label_smoothing, scale);
            loss.losses[b * kBlock + r] = truth.weight[r] * nats;
        }
        store_gradient<Operand>(rows, truth.rows, batch.size, last, b);
    }
}

}  // namespace tenfold::TENFOLD_ISA
