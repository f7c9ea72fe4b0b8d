// Threads that go through phases of work together, each phase a list of independent blocks.
//
// A phase is over when its blocks are done, not when all threads have come by: whoever runs takes the blocks of
// whoever does not. A thread that the system has put aside holds up at most the blocks that it had taken; when it
// runs again it finds the phases over that it has missed, and catches up. So a team keeps most of its pace on
// cores that it has to share, with another training for instance, where a plain barrier would stall it.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <numeric>
#include <span>
#include <vector>

#include "kernels/kernels.h"

namespace tenfold {

// What the threads of a team know of each other.
class Team {
public:
    explicit Team(std::size_t size) : places_(size) {}

    std::size_t size() const { return places_.size(); }
    // Takes some of the blocks that are left of a member's part; an empty range when there are none.
    Range take(std::uint32_t phase, std::size_t member, std::size_t part);
    // Reports blocks as done; the last one opens the next phase.
    void report(std::uint32_t phase, std::size_t done, std::size_t blocks);
    void wait_for_end_of(std::uint32_t phase);

private:
    struct alignas(64) Place {
        std::atomic<std::uint64_t> taken{0};  // phase in the upper half, blocks of this member's part in the lower
    };
    std::vector<Place> places_;
    alignas(64) std::atomic<std::size_t> done_{0};
    alignas(64) std::atomic<std::uint32_t> phases_over_{0};
    std::atomic<int> patience_{256};
};

// One thread's place in its team. All members go through the same phases in the same order.
class Member {
public:
    Member(Team& team, std::size_t index) : team_(team), index_(index) {}

    std::size_t index() const { return index_; }
    // Does its part of the next phase, then what is left of the parts of others. A phase has one or several lists of
    // blocks; a member's part is the same share of each, so that phases over the same blocks find them in its cache.
    // work(list, blocks) does some blocks of a list.
    template <class Work>
    void work(std::span<const std::size_t> lists, const Work& work) {
        blocks_ = std::accumulate(lists.begin(), lists.end(), std::size_t{0});
        std::size_t done = 0;
        for (std::size_t i = 0; i < team_.size(); ++i) {
            const std::size_t other = (index_ + i) % team_.size();
            std::size_t part = 0;
            for (const std::size_t blocks : lists) part += length(share(blocks, other));
            for (Range some; length(some = team_.take(phase_, other, part)) > 0;) {
                for (std::size_t list = 0, start = 0; list < lists.size(); ++list) {
                    const Range mine = share(lists[list], other);
                    work(list, Range{mine.first + within(some.first, start, mine), mine.first + within(some.last, start, mine)});
                    start += length(mine);
                }
                done += length(some);
            }
        }
        if (done > 0) team_.report(phase_, done, blocks_);
    }
    template <class Work>
    void work(std::size_t blocks, const Work& work) {
        this->work(std::span(&blocks, 1), [&](std::size_t, Range some) { work(some); });
    }
    // Waits for the blocks that others have taken.
    void meet() {
        if (blocks_ > 0) team_.wait_for_end_of(phase_++);
        blocks_ = 0;
    }

private:
    static std::size_t length(Range range) { return range.last - range.first; }
    // How far place `at` of a part is in a list's share, which begins at `start` in the part.
    static std::size_t within(std::size_t at, std::size_t start, Range share) {
        return std::clamp(at, start, start + length(share)) - start;
    }
    Range share(std::size_t blocks, std::size_t member) const {
        return {blocks * member / team_.size(), blocks * (member + 1) / team_.size()};
    }

    Team& team_;
    const std::size_t index_;
    std::size_t blocks_ = 0;
    std::uint32_t phase_ = 0;
};

// Runs `work` on a team, the calling thread among it, and returns when all phases are over. Threads are kept from one
// call to the next. Takes fewer when the system gives no more, and does not wait for one that sleeps too long to be of
// use: results do not depend on their number. `work` must not throw.
void run_team(int threads, const std::function<void(Member&)>& work);

}  // namespace tenfold
