// Runs the tests whose names contain the first argument, or all of them. Exit code 1 when a check fails.
#include <string_view>

#include "check.h"

int main(int count, char** arguments) {
    using namespace tenfold::tests;
    const std::string_view part = count > 1 ? arguments[1] : "";
    for (const Test& test : all_tests()) {
        if (std::string_view(test.name).find(part) == std::string_view::npos) continue;
        std::printf("%s\n", test.name);
        std::fflush(stdout);
        test.run();
    }
    std::printf("%ld checks, %ld failed\n", checks.load(), failures.load());
    if (checks == 0) std::printf("no test's name contains '%s'\n", arguments[1]);
    return failures == 0 && checks > 0 ? 0 : 1;
}
