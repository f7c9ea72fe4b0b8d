// What every instruction set offers: the phases of a training step, each as a list of independent blocks.
//
// A phase is asked for blocks [first, last) of its list, so that threads share it in any proportion. No block
// depends on another of the same phase and each is computed in one go, hence the same bits on any number
// of threads. Buffers are drawn in layout.h. Nothing here allocates, throws or uses the standard library:
// these functions are compiled once an instruction set, and must not lend their code to anybody else.
#pragma once

#include <cstddef>
#include <cstdint>

#include "../layout.h"

namespace tenfold {

struct Range {
    std::size_t first, last;
};

// Examples as they lie in memory, and how to normalise them.
struct Source {
    const std::uint8_t* pixels;  // [count][features], or null
    const float* numbers;        // [count][features], or null
    const std::int64_t* labels;
    const float* weights;  // what each example's loss counts, or null
    std::size_t features;
    const float* table;  // [period][256]: what a pixel becomes; null where numbers are given or period is long
    const float *mean, *std;  // [period]; null where numbers are taken as they are
    std::size_t period;
};

struct Batch {
    const std::int64_t* order = nullptr;  // [size]: which examples
    std::size_t size = 0;
};

// The inputs of a layer, as operands of two products. Inference has no columns.
struct Activation {
    Word* rows = nullptr;
    std::size_t row_stride = 0;
    Word* columns = nullptr;
    std::size_t column_stride = 0;
};

// The gradient of the loss by a layer's outputs, as operands of two products.
struct Gradient {
    Word* by_output = nullptr;   // [n][w(B')][32]
    Word* by_example = nullptr;  // [b][w(N')][32]
};

struct Layer {
    std::size_t inputs, outputs;
    float *weight = nullptr, *momentum = nullptr;     // [n][K'][32]
    float *bias = nullptr, *bias_momentum = nullptr;  // [N']
    Word* forward_weight = nullptr;                   // [n][w(K')][32]
    Word* backward_weight = nullptr;                  // [K'][backward_stride], none in the first layer
    std::size_t backward_stride = 0;
    Activation input = {};
    Gradient gradient = {};
};

// How far each of 7 x 7 control points moves an image's pixels along one axis, in 1/1024 pixel; rows run along x.
inline constexpr int kControlPoints = 7;
inline constexpr std::size_t kLargestSide = 512;

struct ControlPoints {
    std::int32_t at[kControlPoints][kControlPoints];
};

struct Warp {
    ControlPoints x, y;
    bool mirrored;  // the finished image, left for right
};

// The weights in 1/1024 of the four control points around a pixel, from number `first` on.
struct SplineWeights {
    std::int32_t first, of[4];
};

// The size of the images that are distorted, and its tables.
struct Canvas {
    std::size_t height, width, channels;
    const std::int32_t* across;  // [7][W']: weights of all points for each column; W' as in layout.h
    const SplineWeights* down;   // [height]
};

struct Loss {
    float* logits;  // [B'][N']: becomes p - y over the batch size
    double* losses;  // [B']
    bool sigmoid;
    float label_smoothing;
};

// v ← μ v + (dW + λ W) and W ← W - η (α v + β (dW + λ W)): α is 1 and β is 0, or with Nesterov μ and 1.
struct Step {
    float momentum, weight_decay;  // μ, λ
    float along_momentum, along_gradient;  // η α, η β
};

struct Kernels {
    std::size_t words_in_block;  // w(32)

    // Blocks: (batch, inputs), inputs running fastest.
    void (*gather)(const Source&, const Batch&, const Activation& to, Range);
    // Blocks: (outputs, batch). The last layer has no ReLU and puts out logits.
    void (*forward)(const Layer&, std::size_t batch_size, const Activation& output, Range);
    void (*forward_logits)(const Layer&, std::size_t batch_size, float* logits, Range);
    // Blocks: batch.
    void (*loss)(const Source&, const Batch&, const Layer& last, const Loss&, Range);
    // Blocks: (inputs, batch). Writes the gradient of the layer below.
    void (*input_gradient)(const Layer&, std::size_t batch_size, const Gradient& below, Range);
    // Blocks: (outputs, inputs).
    void (*update)(const Layer&, std::size_t batch_size, const Step&, Range);
    // Puts a distorted copy of an image, [height][width][channels], at `to`.
    void (*distort)(const Canvas&, const Warp&, const std::uint8_t* from, std::uint8_t* to);
    // Makes the operands anew from the state. Blocks: (outputs, inputs).
    void (*refresh)(const Layer&, Range);
};

const Kernels* portable_float32();
const Kernels* avx2_float32();
const Kernels* avx512_float32();
const Kernels* avx512_bfloat16();
const Kernels* amx_bfloat16();

}  // namespace tenfold
