// Distortion against plain loops over pixels, with the same formulas in 64 bits; and beside a training.
#include <algorithm>
#include <numeric>
#include <thread>

#include "../distortion.h"
#include "../philox.h"
#include "check.h"
#include "problem.h"
#include "tables.h"

namespace tenfold::tests {

namespace {

using Pixels = std::vector<std::uint8_t>;

constexpr std::int64_t floor_divide(std::int64_t a, std::int64_t b) { return a / b - (a % b < 0); }
constexpr std::int64_t nearest(std::int64_t a, std::int64_t b) { return floor_divide(2 * a + b, 2 * b); }

struct Size {
    std::size_t height, width, channels;

    std::size_t features() const { return height * width * channels; }
    std::string name() const {
        return std::to_string(height) + " x " + std::to_string(width) + " x " + std::to_string(channels);
    }
};

std::int64_t draw(RandomKey key, std::uint64_t image, std::uint32_t number) {
    const PhiloxCounter words = philox({static_cast<std::uint32_t>(image), static_cast<std::uint32_t>(image >> 32),
                                        key.epoch, number / 8}, {key.seed, 0});
    const std::int64_t half = words[number / 2 % 4] >> 16 * (number % 2) & 0xffff;
    return half < 32768 ? half : half - 65536;
}

constexpr std::int64_t kUnit = 1 << 24;
std::int64_t times(std::int64_t a, std::int64_t b) { return nearest(a * b, kUnit); }

struct Matrix2 {
    std::int64_t xx, xy, yx, yy;
};

Matrix2 matrix(const Amplitudes& amplitudes, RandomKey key, std::uint64_t image) {
    const auto parameter = [&](std::int64_t amplitude, std::uint32_t number) {
        return nearest(amplitude * draw(key, image, number), 128);
    };
    const std::int64_t angle = parameter(amplitudes.rotation, 0), slant = parameter(amplitudes.shear, 3);
    const std::int64_t wide = kUnit + parameter(amplitudes.scaling, 1), high = kUnit + parameter(amplitudes.scaling, 2);
    const std::int64_t square = times(angle, angle);
    std::int64_t cos = kUnit, sin = kUnit;
    for (const std::int64_t divisor : {7 * 8, 5 * 6, 3 * 4, 1 * 2}) cos = kUnit - times(square, cos) / divisor;
    for (const std::int64_t divisor : {8 * 9, 6 * 7, 4 * 5, 2 * 3}) sin = kUnit - times(square, sin) / divisor;
    sin = times(angle, sin);
    return {times(cos, wide), times(times(cos, slant) - sin, high), times(sin, wide),
            times(times(sin, slant) + cos, high)};
}

// The weight of control point j for a pixel of a side.
std::int64_t weight(std::size_t pixel, std::size_t pixels, int j) {
    const auto side = static_cast<std::int64_t>(pixels), place = 4 * static_cast<std::int64_t>(pixel) + 2;
    const std::int64_t t = place % side, s = side - t, cube = 6 * side * side * side;
    const std::int64_t first = nearest(1024 * s * s * s, cube), last = nearest(1024 * t * t * t, cube);
    const std::int64_t third = nearest(1024 * (side * side * side + 3 * t * side * side + 3 * t * t * s), cube);
    const std::int64_t all[] = {first, 1024 - first - third - last, third, last}, k = j - place / side;
    return k < 0 || k > 3 ? 0 : all[k];
}

// A new image, pixel by pixel.
struct DistortionOracle {
    Amplitudes amplitudes;
    Size size;
    RandomKey key;

    // Moves of 7 x 7 points along an axis: x is 0, y is 1.
    std::vector<std::int64_t> points(std::uint64_t image, std::uint32_t axis) const {
        const Matrix2 a = matrix(amplitudes, key, image);
        const std::int64_t by_x = axis ? a.yx : a.xx - kUnit, by_y = axis ? a.yy - kUnit : a.xy;
        const auto width = static_cast<std::int64_t>(size.width), height = static_cast<std::int64_t>(size.height);
        const std::int64_t side = axis ? height : width;
        std::vector<std::int64_t> moves;
        for (std::uint32_t i = 0; i < 49; ++i) {
            const std::int64_t x = 256 * width * (i % 7 - 3ll), y = 256 * height * (i / 7 - 3ll);
            moves.push_back(nearest(by_x * x + by_y * y, kUnit) +
                            nearest(side * amplitudes.shift * draw(key, image, 4 + axis), 1 << 21) +
                            nearest(side * amplitudes.elastic * draw(key, image, 8 + 49 * axis + i), 1 << 21));
        }
        return moves;
    }
    std::int64_t move(const std::vector<std::int64_t>& points, std::size_t x, std::size_t y) const {
        std::int64_t sum = 0;
        for (int i = 0; i < 7; ++i) {
            std::int64_t row = 0;
            for (int j = 0; j < 7; ++j) row += weight(x, size.width, j) * points[7 * i + j];
            sum += weight(y, size.height, i) * nearest(row, 1024);
        }
        return nearest(sum, 1024);
    }
    void distort(std::uint64_t image, const std::uint8_t* from, std::uint8_t* to) const {
        const auto points_x = points(image, 0), points_y = points(image, 1);
        const bool mirrored = amplitudes.mirror && draw(key, image, 6) < 0;
        const auto right = static_cast<std::int64_t>(size.width) - 1;
        const auto bottom = static_cast<std::int64_t>(size.height) - 1;
        for (std::size_t y = 0; y < size.height; ++y)
            for (std::size_t x = 0; x < size.width; ++x) {
                const auto place = [](std::size_t at, std::int64_t move, std::int64_t last) {
                    return std::clamp<std::int64_t>(1024 * static_cast<std::int64_t>(at) + move, 0, 1024 * last);
                };
                const std::int64_t source_x = place(x, move(points_x, x, y), right);
                const std::int64_t source_y = place(y, move(points_y, x, y), bottom);
                const std::int64_t left = std::min(source_x / 1024, right - 1);
                const std::int64_t top = std::min(source_y / 1024, bottom - 1);
                for (std::size_t c = 0; c < size.channels; ++c) {
                    std::int64_t sum = 0;
                    for (const std::int64_t i : {0, 1})
                        for (const std::int64_t j : {0, 1})
                            sum += (1024 - std::abs(source_y - 1024 * (top + i))) *
                                   (1024 - std::abs(source_x - 1024 * (left + j))) *
                                   from[((top + i) * size.width + left + j) * size.channels + c];
                    const std::size_t column = mirrored ? size.width - 1 - x : x;
                    to[(y * size.width + column) * size.channels + c] =
                        static_cast<std::uint8_t>(nearest(sum, 1 << 20));
                }
            }
    }
};

Amplitudes drawn_amplitudes(Random& random) {
    const auto up_to = [&](std::int64_t largest) {
        return random.one_of({std::int64_t{0}, static_cast<std::int64_t>(random.below(8000)), largest});
    };
    return {up_to(kLargestRotation), up_to(kLargestShare), up_to(kLargestShare), up_to(kLargestShare),
            up_to(kLargestShare),    random.below(2) == 0};
}

Pixels drawn_pixels(Random& random, std::size_t count) {
    Pixels pixels(count);
    for (std::uint8_t& pixel : pixels)
        pixel = static_cast<std::uint8_t>(random.one_of<std::size_t>({0, 255, random.below(256)}));
    return pixels;
}

std::vector<Size> sizes() {
    return {{2, 2, 1},   {2, 3, 4},   {5, 2, 3},    {3, 33, 1},   {28, 28, 1}, {32, 32, 3}, {31, 64, 1},
            {17, 65, 2}, {64, 30, 1}, {512, 512, 1}, {512, 3, 5}, {2, 512, 1}, {9, 40, 33}};
}

}  // namespace

// The known answers of Random123, its authors' library.
TEST(philox_gives_the_known_answers) {
    const std::uint32_t all = 0xffffffff;
    CHECK((philox({}, {}) == PhiloxCounter{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}), "zeros");
    CHECK((philox({all, all, all, all}, {all, all}) ==
           PhiloxCounter{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}), "ones");
    CHECK((philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}) ==
           PhiloxCounter{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}), "digits of pi");
}

TEST(every_pixel_agrees_with_plain_loops) {
    Random random(7);
    for (const Size& size : sizes())
        for (int turn = 0; turn < (size.features() > 100'000 ? 1 : 6); ++turn) {
            const Amplitudes amplitudes = drawn_amplitudes(random);
            const Distortion distortion(amplitudes, size.height, size.width, size.channels);
            const RandomKey key{static_cast<std::uint32_t>(random.below(1ull << 32)),
                                static_cast<std::uint32_t>(random.below(100))};
            const std::uint64_t image = random.below(1ull << 40);
            const Pixels from = drawn_pixels(random, size.features());
            Pixels expected(size.features());
            DistortionOracle{amplitudes, size, key}.distort(image, from.data(), expected.data());
            for (const Table& table : all_tables()) {
                Pixels found(size.features());
                distortion.distort(*table.kernels(), key, image, from.data(), found.data());
                CHECK(found == expected, table.name() + ", " + size.name() + ", turn " + std::to_string(turn));
            }
        }
}

TEST(without_amplitudes_nothing_changes) {
    Random random(8);
    for (const Size& size : sizes()) {
        const Distortion distortion({}, size.height, size.width, size.channels);
        const Pixels from = drawn_pixels(random, size.features());
        for (const Table& table : all_tables()) {
            Pixels found(size.features());
            distortion.distort(*table.kernels(), {1, 2}, 3, from.data(), found.data());
            CHECK(found == from, table.name() + ", " + size.name());
        }
    }
}

namespace {

struct Trained {
    State weights, momentum;
    std::vector<double> losses;

    bool operator==(const Trained&) const = default;
};

// Trains `problem` in calls of so many batches.
Trained train(const Table& table, const Problem& problem, const Examples& examples, Steps steps, int threads,
              std::size_t batches_in_call) {
    Trainer trainer(problem.shape.widths, problem.shape.head, table.isa, table.precision, threads);
    Trained trained{problem.weights, problem.momentum, std::vector<double>(problem.batches())};
    trainer.load(trained.weights.tensors(), trained.momentum.tensors());
    for (std::size_t i = 0; i < problem.batches(); i += batches_in_call) {
        const std::size_t batches = std::min(batches_in_call, problem.batches() - i), start = i * steps.batch_size;
        steps.learning_rates = std::span(problem.rates).subspan(i, batches);
        const std::size_t rows = std::min(batches * steps.batch_size, problem.order.size() - start);
        trainer.train(examples, std::span(problem.order).subspan(start, rows), steps,
                      std::span(trained.losses).subspan(i, batches));
    }
    trainer.store_weights(trained.weights.tensors());
    trainer.store_momentum(trained.momentum.tensors());
    return trained;
}

struct Case {
    Shape shape;
    Size size;
};

// The first occupies four threads; the others have batches of one, and of more images than there are.
std::vector<Case> cases() {
    return {{{.widths = {20 * 24, 129, 65, 10}, .batch_size = 50, .examples = 270}, {20, 24, 1}},
            {{.widths = {5 * 7 * 3, 4}, .batch_size = 1, .examples = 6, .form = Form::coloured}, {5, 7, 3}},
            {{.widths = {40 * 33, 1}, .batch_size = 64, .examples = 40, .head = Head::sigmoid}, {40, 33, 1}}};
}

}  // namespace

TEST(training_on_distorted_images_is_training_on_their_copies) {
    std::uint64_t seed = 0;
    for (const Table& table : all_tables())
        for (const Case& each : cases()) {
            const Problem problem(each.shape, ++seed);
            Random random(seed);
            const Amplitudes amplitudes = drawn_amplitudes(random);
            const RandomKey key{17, 4};
            Pixels copies(problem.pixels.size());
            const DistortionOracle oracle{amplitudes, each.size, key};
            for (std::size_t i = 0; i < each.shape.examples; ++i)
                oracle.distort(i, &problem.pixels[i * problem.features()], &copies[i * problem.features()]);
            Examples copied = problem.examples();
            copied.pixels = copies.data();
            const Trained expected = train(table, problem, copied, problem.steps(), 1, problem.batches());

            const Distortion distortion(amplitudes, each.size.height, each.size.width, each.size.channels);
            Steps steps = problem.steps();
            steps.distortion = &distortion;
            steps.key = key;
            for (const int threads : {1, 2, 3, 4})
                for (const std::size_t batches_in_call : {std::size_t{1}, std::size_t{2}, problem.batches()})
                    CHECK(train(table, problem, problem.examples(), steps, threads, batches_in_call) == expected,
                          table.name() + ", " + problem.shape.name() + ", threads " + std::to_string(threads));
        }
}

}  // namespace tenfold::tests
