// The team alone: whole phases in order, two teams at once, threads that come late or not at all.
//
// Counters are plain numbers on purpose: that phases order what threads write is what ThreadSanitizer sees here.
#include "../team.h"

#include <algorithm>
#include <thread>

#include "check.h"

#ifdef __GLIBC__
#include <pthread.h>
#endif

namespace tenfold::tests {

namespace {

using Counts = std::vector<std::vector<int>>;  // one a block of each phase

// A cycle of phases, each a list of blocks. Every block sees that all blocks of the phase before are done.
struct Cycle {
    std::vector<std::size_t> lengths;
    int rounds;
    Counts visits, misses;

    Cycle(const std::vector<std::size_t>& lengths, int rounds) : lengths(lengths), rounds(rounds) {
        for (const std::size_t length : lengths) visits.emplace_back(length);
        misses = visits;
    }
    void work(Member& member) {
        for (int round = 0; round < rounds; ++round)
            for (std::size_t phase = 0; phase < lengths.size(); ++phase) {
                const std::vector<int>& before = visits[phase > 0 ? phase - 1 : lengths.size() - 1];
                const int expected = phase > 0 ? round + 1 : round;
                member.work(lengths[phase], [&](Range some) {
                    for (std::size_t block = some.first; block < some.last; ++block) {
                        for (const int count : before) misses[phase][block] += count != expected;
                        ++visits[phase][block];
                    }
                });
                member.meet();
            }
    }
    bool whole() const {
        for (std::size_t phase = 0; phase < lengths.size(); ++phase)
            if (visits[phase] != std::vector<int>(lengths[phase], rounds) ||
                misses[phase] != std::vector<int>(lengths[phase], 0))
                return false;
        return true;
    }
};

bool works_whole(int threads, const std::vector<std::size_t>& lengths, int rounds) {
    Cycle cycle(lengths, rounds);
    run_team(threads, [&](Member& member) { cycle.work(member); });
    return cycle.whole();
}

}  // namespace

TEST(every_block_is_done_once_and_after_the_phase_before) {
    for (const int threads : {1, 2, 3, 4, 7, 16})
        for (const std::vector<std::size_t>& lengths :
             {std::vector<std::size_t>{1, 2}, {8, 8, 8}, {0, 3, 0, 1}, {100, 1, 31, 5, 64}, {0}})
            CHECK(works_whole(threads, lengths, 200), std::to_string(threads) + " threads");
}

TEST(no_member_works_twice_and_the_caller_works) {
    for (int threads = 1; threads <= 9; ++threads) {
        std::vector<int> visits(threads);
        const std::thread::id caller = std::this_thread::get_id();
        bool caller_is_first = false;
        run_team(threads, [&](Member& member) {
            ++visits[member.index()];
            if (member.index() == 0) caller_is_first = std::this_thread::get_id() == caller;
        });
        CHECK(visits[0] == 1 && *std::max_element(visits.begin(), visits.end()) == 1, std::to_string(threads));
        CHECK(caller_is_first, std::to_string(threads));
    }
}

TEST(two_teams_do_not_mix) {
    bool other_is_whole = false;
    std::thread other([&] { other_is_whole = works_whole(3, {20, 3, 7}, 500); });
    CHECK(works_whole(4, {5, 40}, 500), "beside another team");
    other.join();
    CHECK(other_is_whole, "the other team");
}

TEST(teams_come_and_go) {
    for (int i = 0; i < 200; ++i) CHECK(works_whole(1 + i % 4, {3, 1}, 1), "a short call");
}

// All the others finish every phase before this thread begins with the first.
TEST(a_thread_put_aside_holds_up_nobody) {
    for (const std::size_t late : {0, 1, 2}) {
        Cycle cycle({9, 4, 1}, 50);
        std::atomic<bool> finished = false;
        run_team(3, [&](Member& member) {
            if (member.index() == late) finished.wait(false);
            cycle.work(member);
            finished = true;
            finished.notify_all();
        });
        CHECK(cycle.whole(), "late: " + std::to_string(late));
    }
}

#ifdef __GLIBC__
// No thread can be made whose stack is larger than the memory that addresses reach; some are kept from before.
TEST(a_team_makes_do_with_fewer_threads) {
    pthread_attr_t usual, vast;
    pthread_getattr_default_np(&usual);
    pthread_getattr_default_np(&vast);
    CHECK(pthread_attr_setstacksize(&vast, std::size_t{1} << 47) == 0, "a stack of 128 TiB");
    CHECK(pthread_setattr_default_np(&vast) == 0, "for every thread");
    Cycle cycle({9, 4, 1}, 50);
    std::vector<int> members(100);
    run_team(100, [&](Member& member) {
        ++members[member.index()];
        cycle.work(member);
    });
    pthread_setattr_default_np(&usual);
    pthread_attr_destroy(&usual);
    pthread_attr_destroy(&vast);
    CHECK(cycle.whole() && members.front() == 1 && members.back() == 0, "few threads have all the work");
}
#endif

}  // namespace tenfold::tests
