// What a test needs: TEST(name) { ... CHECK(condition, about) ... }. run_tests.cpp runs them all.
#pragma once

#include <atomic>
#include <cstdio>
#include <string>
#include <vector>

namespace tenfold::tests {

struct Test {
    const char* name;
    void (*run)();
};

inline std::vector<Test>& all_tests() {
    static std::vector<Test> tests;
    return tests;
}

inline std::atomic<long> checks = 0, failures = 0;

inline void check(bool holds, const char* expected, const std::string& about, const char* file, int line) {
    ++checks;
    if (holds) return;
    ++failures;
    std::printf("%s:%d: %s: expected %s\n", file, line, about.c_str(), expected);
}

}  // namespace tenfold::tests

#define TEST(name)                                                                             \
    static void name();                                                                        \
    [[maybe_unused]] static const auto& registered_##name = all_tests().emplace_back(#name, name); \
    static void name()

// `about` says which case it was, as the condition alone does not.
#define CHECK(condition, about) ::tenfold::tests::check((condition), #condition, (about), __FILE__, __LINE__)
