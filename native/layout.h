// How numbers lie in memory. Read this first: every buffer of the engine has one of the shapes below.
//
// All work is cut into blocks of 32 x 32 float32, and every product C += A·B into products of such blocks:
//
//                       right operand: panels of 32 lanes
//                       ┌────┬────┬────┐
//     reduction, words  │ B0 │ B1 │ B2 │      a panel is contiguous: [words][32]
//                       └────┴────┴────┘
//     ┌─────────────┐   ┌────┬────┬────┐
//  32 │ A  one word │   │ C  │ C  │ C  │      a block of C: float32 [32][32], in first-level cache
//     ├─────────────┤   ├────┼────┼────┤
//  32 │    a lane   │   │ C  │ C  │ C  │
//     └─────────────┘   └────┴────┴────┘
//     left operand: rows, the reduction runs along a row
//
// A word has 32 bits: one float32, or two neighbours along the reduction as bfloat16 (the lower half first).
// That is all that tells the two precisions apart: with bfloat16 a product has half as many words.
// A left operand is read word by word and spread over all lanes, a right operand 32 lanes at a time. Tiles of
// AMX take the same two shapes as they are.
//
// One layer with K inputs and N outputs, a batch of B examples; K', N', B' are rounded up to 32 and the
// surplus is zero; k = K'/32, n = N'/32, b = B'/32 blocks; w(x) = x float32 or x/2 bfloat16 words:
//
//   what              shape                 operand  of the product                     over
//   ────────────────  ────────────────────  ───────  ─────────────────────────────────  ───────
//   weight, momentum  f32 [n][K'][32]       (state: written by the update alone)
//   bias, its moment  f32 [N']
//   forward_weight    [n][w(K')][32]        right    z[B][N]  = x[B][K]  · Wᵀ[K][N]     inputs
//   rows of x         [B'][w(K') + pad]     left
//   columns of x      [K'][w(B') + pad]     left     dWᵀ[K][N] = xᵀ[K][B] · g[B][N]     batch
//   gradient          [n][w(B')][32]        right
//   backward_weight   [K'][w(N') + pad]     left     dxᵀ[K][B] = Wᵀ[K][N] · gᵀ[N][B]    outputs
//   gradient_columns  [b][w(N')][32]        right
//
// In float32 forward_weight is `weight` itself. The first layer has no backward_weight. The three products put out blocks with
// rows along the batch, the inputs, the inputs; storing a block as the next product's operand takes at most
// one transposition of 32 x 32 words, and never one of the weights. Pads make rows an odd number of cache
// lines long, so that the rows of a block fall into different sets of the cache.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tenfold {

inline constexpr std::size_t kBlock = 32;   // rows and lanes of a block
inline constexpr std::size_t kLineWords = 16;  // a cache line of 64 bytes

using Word = std::uint32_t;

constexpr std::size_t blocks(std::size_t count) { return (count + kBlock - 1) / kBlock; }
constexpr std::size_t padded(std::size_t count) { return blocks(count) * kBlock; }

// How many of `left_over` rows or lanes the next block takes.
constexpr std::size_t at_most_block(std::size_t left_over) { return left_over < kBlock ? left_over : kBlock; }

// Words from one row of a left operand to the next: an odd number of cache lines.
constexpr std::size_t row_stride(std::size_t words) {
    const std::size_t lines = (words + kLineWords - 1) / kLineWords;
    return (lines | 1) * kLineWords;
}

}  // namespace tenfold
