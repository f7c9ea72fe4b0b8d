// Inference against plain double loops, and what must not change its logits by a single bit.
#include <cmath>
#include <limits>
#include <numeric>
#include <thread>

#include "../classifier.h"
#include "check.h"
#include "oracle.h"
#include "problem.h"
#include "tables.h"

namespace tenfold::tests {

namespace {

// Around the 32 rows of a block and the 128 of a chunk; 150 and more give several threads something to do.
constexpr std::size_t kCounts[] = {1, 2, 31, 32, 33, 127, 128, 129, 300, 600};

std::vector<Shape> shapes() {
    return {
        {.widths = {100, 65, 33, 40}, .examples = 600},
        {.widths = {300, 31, 2}, .examples = 600, .form = Form::coloured},
        {.widths = {33, 200, 100, 7, 3, 2, 1}, .examples = 600, .head = Head::sigmoid, .form = Form::numbers},
        {.widths = {48, 65, 33, 3}, .examples = 600, .form = Form::ready},  // three cache lines a row: nothing is copied
        {.widths = {64, 31, 3}, .examples = 600, .form = Form::ready},
        {.widths = {2500, 10}, .examples = 600},
        {.widths = {17, 3}, .examples = 600, .form = Form::each_pixel},
    };
}

Classifier classifier_for(const Table& table, Problem& problem) {
    return Classifier(problem.shape.widths, table.isa, table.precision, problem.weights.tensors());
}

// Examples [first, first + count) as if there were no others; copied, so that a sanitizer sees their ends.
struct Part {
    std::vector<std::uint8_t> pixels;
    Floats numbers;
    Examples examples;

    Part(const Problem& problem, std::size_t first, std::size_t count) : examples(problem.examples()) {
        const std::size_t features = problem.features(), from = first * features, to = from + count * features;
        examples.count = count;
        examples.labels = nullptr;  // must not be read
        if (examples.pixels) {
            pixels.assign(problem.pixels.begin() + from, problem.pixels.begin() + to);
            examples.pixels = pixels.data();
        } else {
            numbers.assign(problem.numbers.begin() + from, problem.numbers.begin() + to);
            examples.numbers = numbers.data();
        }
    }
    Part(const Part&) = delete;
};

Floats logits(const Classifier& classifier, const Problem& problem, std::size_t first, std::size_t count,
              int threads) {
    const Part part(problem, first, count);
    Floats logits(count * problem.outputs(), std::numeric_limits<float>::quiet_NaN());
    classifier.logits(part.examples, threads, logits.data());
    return logits;
}

// Rows [first, first + count) of logits.
Floats rows_of(const Floats& logits, std::size_t outputs, std::size_t first, std::size_t count) {
    return Floats(logits.begin() + first * outputs, logits.begin() + (first + count) * outputs);
}

std::string about(const Table& table, const Problem& problem) { return table.name() + ", " + problem.shape.name(); }

}  // namespace

// Largest difference over largest logit: 1e-5 in float32. With bfloat16 the oracle rounds the same operands; where one
// is rounded to its other neighbour, a logit moves by 2^-8 of one of its terms.
TEST(logits_agree_with_plain_loops) {
    std::uint64_t seed = 0;
    for (const Table& table : all_tables())
        for (const Shape& shape : shapes()) {
            Problem problem(shape, ++seed);
            const Classifier classifier = classifier_for(table, problem);
            const Floats found = logits(classifier, problem, 0, shape.examples, 2);
            Oracle oracle(problem, table.packed());
            oracle.load(problem.weights, problem.momentum);
            std::vector<std::int64_t> all(shape.examples);
            std::iota(all.begin(), all.end(), 0);
            const Matrix expected = oracle.logits(all);
            double difference = 0, largest = 0;
            for (std::size_t i = 0; i < found.size(); ++i) {
                const double logit = expected[i / problem.outputs()][i % problem.outputs()];
                difference = std::isnan(found[i]) ? HUGE_VAL : std::max(difference, std::abs(found[i] - logit));
                largest = std::max(largest, std::abs(logit));
            }
            CHECK(difference <= (table.packed() ? 0x1p-8 : 1e-5) * largest,
                  about(table, problem) + ", error " + std::to_string(difference / largest));
        }
}

// A row's logits do not depend on the rows beside it, nor on threads.
TEST(a_row_has_the_same_logits_in_any_company) {
    std::uint64_t seed = 50;
    for (const Table& table : all_tables())
        for (const Shape& shape : shapes()) {
            Problem problem(shape, ++seed);
            const Classifier classifier = classifier_for(table, problem);
            const Floats all = logits(classifier, problem, 0, shape.examples, 1);
            for (const std::size_t count : kCounts)
                for (const int threads : {1, 2, 4}) {
                    const std::size_t first = (shape.examples - count) / 2;
                    const Floats found = logits(classifier, problem, first, count, threads);
                    CHECK(same_bits(found, rows_of(all, problem.outputs(), first, count)),
                          about(table, problem) + ", rows " + std::to_string(count) + ", threads " +
                              std::to_string(threads));
                }
        }
}

TEST(a_row_of_nan_spoils_no_other) {
    for (const Table& table : all_tables()) {
        Problem problem({.widths = {33, 65, 31, 3}, .examples = 70, .form = Form::numbers}, 100);
        const Classifier classifier = classifier_for(table, problem);
        const Floats expected = logits(classifier, problem, 0, 70, 1);
        problem.numbers[40 * problem.features() + 5] = std::numeric_limits<float>::quiet_NaN();
        const Floats found = logits(classifier, problem, 0, 70, 1);
        for (std::size_t row = 0; row < 70; ++row) {
            const Floats logits = rows_of(found, 3, row, 1);
            CHECK(row == 40 ? std::isnan(logits[0]) : same_bits(logits, rows_of(expected, 3, row, 1)), table.name());
        }
        problem.numbers[40 * problem.features() + 5] = 0;
        CHECK(same_bits(rows_of(logits(classifier, problem, 0, 70, 1), 3, 0, 40), rows_of(expected, 3, 0, 40)),
              table.name());
    }
}

TEST(several_threads_may_call_one_classifier) {
    for (const Table& table : all_tables()) {
        Problem problem(shapes()[0], 200);
        const Classifier classifier = classifier_for(table, problem);
        const Floats all = logits(classifier, problem, 0, 600, 1);
        std::vector<std::thread> callers;
        for (std::size_t caller = 0; caller < 4; ++caller)
            callers.emplace_back([&, caller] {
                const std::size_t first = 50 * caller;
                const int threads = 1 + static_cast<int>(caller % 3);
                for (std::size_t count = 140; count < 400; count += 60)
                    CHECK(same_bits(logits(classifier, problem, first, count, threads),
                                    rows_of(all, problem.outputs(), first, count)),
                          table.name());
            });
        for (std::thread& caller : callers) caller.join();
    }
}

TEST(no_rows_have_no_logits) {
    for (const Table& table : all_tables()) {
        Problem problem(shapes()[0], 300);
        const Classifier classifier = classifier_for(table, problem);
        CHECK(logits(classifier, problem, 0, 0, 2).empty(), table.name());
    }
}

}  // namespace tenfold::tests
