// Which instruction sets are found, and what happens where one lacks a precision.
#include <stdexcept>

#include "../classifier.h"
#include "check.h"
#include "problem.h"
#include "tables.h"

namespace tenfold::tests {

namespace {

template <class Make>
bool is_refused(const Make& make) {
    try {
        make();
    } catch (const std::invalid_argument&) {
        return true;
    }
    return false;
}

}  // namespace

TEST(portable_is_there_and_comes_last) {
    CHECK(available_isas().back().name == "portable", "the last");
    for (const Isa& isa : available_isas()) CHECK(isa.float32 != nullptr, isa.name);
}

TEST(a_missing_precision_is_refused) {
    for (const Isa& isa : available_isas()) {
        Problem problem({.widths = {4, 3, 2}}, 1);
        const std::vector<std::size_t>& widths = problem.shape.widths;
        const auto weights = problem.weights.tensors();
        const bool missing = isa.bfloat16 == nullptr;
        CHECK(is_refused([&] { Trainer(widths, Head::softmax, isa, Precision::bfloat16, 1); }) == missing, isa.name);
        CHECK(is_refused([&] { Classifier(widths, isa, Precision::bfloat16, weights); }) == missing, isa.name);
    }
}

}  // namespace tenfold::tests
