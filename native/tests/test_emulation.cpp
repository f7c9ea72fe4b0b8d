// The emulated instructions: kernels that pass by them would be worth nothing if these were wrong.
#include "../buffer.h"
#include "check.h"
#include "oracle.h"
#include "problem.h"
#include "tables.h"

#if defined(__x86_64__)
#include "emulated_tiles.h"

namespace tenfold::tests {

namespace {

// Tiles 0 to 2 for a product of `rows` x `words` words by `words` x `lanes`; the others have no rows.
void configure(std::size_t rows, std::size_t words, std::size_t lanes) {
    std::array<std::uint8_t, 64> config{1};
    const auto set = [&](int tile, std::size_t height, std::size_t width) {
        config[16 + 2 * tile] = static_cast<std::uint8_t>(4 * width);
        config[48 + tile] = static_cast<std::uint8_t>(height);
    };
    set(0, rows, lanes);
    set(1, rows, words);
    set(2, words, lanes);
    _tile_loadconfig(config.data());
}

// Two numbers that bfloat16 holds, as a word.
Word pair(float even, float odd) {
    return emulated::to_bfloat16(even) | static_cast<Word>(emulated::to_bfloat16(odd)) << 16;
}

// One row of `left` by one lane of `right`, onto `sum`.
float product(float sum, const std::vector<Word>& left, const std::vector<Word>& right) {
    configure(1, left.size(), 1);
    _tile_loadd(0, &sum, 4);
    _tile_loadd(1, left.data(), 4 * left.size());
    _tile_loadd(2, right.data(), 4);
    _tile_dpbf16ps(0, 1, 2);
    _tile_stored(0, &sum, 4);
    return sum;
}

}  // namespace

// Whole numbers to eight: every sum is exact.
TEST(emulated_tiles_multiply_matrices) {
    Random random(1);
    for (int trial = 0; trial < 200; ++trial) {
        const std::size_t rows = 1 + random.below(16), words = 1 + random.below(16), lanes = 1 + random.below(16);
        const std::size_t stride = 16 + random.below(5);
        const auto whole = [&] { return static_cast<float>(random.below(17)) - 8; };
        Matrix left(rows, Row(2 * words)), right(2 * words, Row(lanes));
        std::vector<Word> left_words(16 * stride), right_words(16 * stride);
        Floats sums(16 * stride, 0.5f), expected = sums;
        for (Row& row : left) std::ranges::generate(row, whole);
        for (Row& row : right) std::ranges::generate(row, whole);
        for (std::size_t r = 0; r < rows; ++r)
            for (std::size_t w = 0; w < words; ++w)
                left_words[r * stride + w] = pair(left[r][2 * w], left[r][2 * w + 1]);
        for (std::size_t w = 0; w < words; ++w)
            for (std::size_t j = 0; j < lanes; ++j)
                right_words[w * stride + j] = pair(right[2 * w][j], right[2 * w + 1][j]);
        for (std::size_t r = 0; r < rows; ++r)
            for (std::size_t j = 0; j < lanes; ++j)
                for (std::size_t k = 0; k < 2 * words; ++k)
                    expected[r * stride + j] += static_cast<float>(left[r][k] * right[k][j]);
        configure(rows, words, lanes);
        _tile_loadd(0, sums.data(), 4 * stride);
        _tile_loadd(1, left_words.data(), 4 * stride);
        _tile_loadd(2, right_words.data(), 4 * stride);
        _tile_dpbf16ps(0, 1, 2);
        _tile_stored(0, sums.data(), 4 * stride);
        CHECK(sums == expected, "trial " + std::to_string(trial));
    }
}

TEST(emulated_tiles_sum_even_and_odd_halves_apart) {
    const float large = 0x1p30f;
    CHECK(product(0, {pair(large, 1), pair(-large, 1)}, {pair(1, 1), pair(1, 1)}) == 2, "evens cancel, then odds");
    CHECK(product(large, {pair(1, 1), pair(1, 1)}, {pair(1, 1), pair(1, 1)}) == large, "the block comes last");
    CHECK(product(1, {pair(3, 0)}, {pair(5, 7)}) == 16, "the lower half is the even one");
}

TEST(emulated_tiles_take_denormals_for_zero) {
    const Word tiny = 0x0040;  // 2^-127
    CHECK(product(0, {tiny}, {pair(0x1p30f, 0)}) == 0, "a factor");
    CHECK(product(0x1p-127f, {pair(0, 0)}, {pair(0, 0)}) == 0, "a sum");
    CHECK(product(0, {pair(0x1p-70f, 0)}, {pair(0x1p-70f, 0)}) == 0, "a product");
}

TEST(emulated_conversions_round_to_the_nearest) {
    Random random(2);
    for (int trial = 0; trial < 20000; ++trial) {
        float number = random.between(-1, 1) * random.one_of({1e-30f, 1.0f, 1e30f});
        if (trial % 2) number = static_cast<float>(to_bfloat16(number)) * (1 + 0x1p-8f);  // often a middle
        const float found = emulated::from_bfloat16(emulated::to_bfloat16(number));
        CHECK(found == to_bfloat16(number), std::to_string(number));
    }
}

namespace {

// A batch as packed by the emulated instructions and, where the machine has them, by the real ones.
void expect_equal_packing(const Source& source, const Problem& problem) {
    const std::size_t stride = row_stride(64);
    const auto packed = [&](const Kernels& kernels) {
        Buffer<Word> rows(32 * stride), columns(128 * stride);
        kernels.gather(source, {problem.order.data(), 32}, {rows.data(), stride, columns.data(), stride}, {0, 4});
        std::vector<Word> words(rows.data(), rows.data() + 32 * stride);
        words.insert(words.end(), columns.data(), columns.data() + 128 * stride);
        return words;
    };
    const std::vector<Word> emulated = packed(*emulated_amx_bfloat16());
    for (const Table& table : all_tables())
        if (table.packed()) CHECK(packed(*table.kernels()) == emulated, table.name());
}

}  // namespace

TEST(emulated_conversions_equal_the_machines) {
    const Problem problem({.widths = {100, 2}, .batch_size = 32, .examples = 32, .form = Form::numbers}, 3);
    expect_equal_packing({.pixels = nullptr, .numbers = problem.numbers.data(), .labels = nullptr, .weights = nullptr,
                          .features = 100, .table = nullptr, .mean = problem.mean.data(), .std = problem.std.data(),
                          .period = 100}, problem);
}

TEST(emulated_look_up_equals_the_machines) {
    const Problem problem({.widths = {101, 2}, .batch_size = 32, .examples = 32, .form = Form::grey}, 4);
    Random random(5);
    Floats table(256);
    std::ranges::generate(table, [&] { return random.between(-3, 3); });
    expect_equal_packing({.pixels = problem.pixels.data(), .numbers = nullptr, .labels = nullptr, .weights = nullptr,
                          .features = 101, .table = table.data(), .mean = nullptr, .std = nullptr, .period = 1}, problem);
}

}  // namespace tenfold::tests

#endif
