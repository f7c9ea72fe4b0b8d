// What must not change a training by a single bit: threads, the length of calls, what the trainer did before.
#include <thread>

#include "check.h"
#include "problem.h"
#include "tables.h"

namespace tenfold::tests {

namespace {

struct Trained {
    State weights, momentum;
    std::vector<double> losses;

    bool operator==(const Trained&) const = default;
};

Trainer trainer_for(const Table& table, const Problem& problem, int threads) {
    return Trainer(problem.shape.widths, problem.shape.head, table.isa, table.precision, threads);
}

Trained state_of(const Trainer& trainer, const Problem& problem, std::vector<double> losses) {
    Trained trained{problem.weights, problem.momentum, std::move(losses)};
    trainer.store_weights(trained.weights.tensors());
    trainer.store_momentum(trained.momentum.tensors());
    return trained;
}

// An epoch from the problem's own weights, in one call.
Trained train(Trainer& trainer, const Problem& problem) {
    State weights = problem.weights, momentum = problem.momentum;
    trainer.load(weights.tensors(), momentum.tensors());
    std::vector<double> losses(problem.batches());
    trainer.train(problem.examples(), problem.order, problem.steps(), losses);
    return state_of(trainer, problem, losses);
}

Trained train(const Table& table, const Problem& problem, int threads) {
    Trainer trainer = trainer_for(table, problem, threads);
    return train(trainer, problem);
}

// Large enough to occupy seven threads, but for the second.
std::vector<Shape> shapes() {
    return {
        {.widths = {260, 129, 65, 40}, .batch_size = 70, .examples = 190},
        {.widths = {300, 7, 2}, .batch_size = 1, .examples = 5, .form = Form::coloured},
        {.widths = {100, 200, 1}, .batch_size = 300, .examples = 700, .head = Head::sigmoid, .form = Form::numbers},
        {.widths = {800, 11}, .batch_size = 300, .examples = 610, .form = Form::each_pixel},
    };
}

std::string about(const Table& table, const Problem& problem) { return table.name() + ", " + problem.shape.name(); }

}  // namespace

TEST(any_number_of_threads_trains_the_same_bits) {
    std::uint64_t seed = 0;
    for (const Table& table : all_tables())
        for (const Shape& shape : shapes()) {
            const Problem problem(shape, ++seed);
            const Trained alone = train(table, problem, 1);
            CHECK(!(alone.weights == problem.weights), about(table, problem));
            for (const int threads : {1, 2, 3, 4, 7})
                CHECK(train(table, problem, threads) == alone,
                      about(table, problem) + ", threads " + std::to_string(threads));
        }
}

TEST(calls_of_any_length_train_the_same_bits) {
    std::uint64_t seed = 100;
    for (const Table& table : all_tables())
        for (const Shape& shape : shapes()) {
            const Problem problem(shape, ++seed);
            Trainer trainer = trainer_for(table, problem, 2);
            State weights = problem.weights, momentum = problem.momentum;
            trainer.load(weights.tensors(), momentum.tensors());
            std::vector<double> losses(problem.batches());
            for (std::size_t i = 0; i < problem.batches(); ++i)
                trainer.train(problem.examples(), problem.batch(i), problem.step(i), {&losses[i], 1});
            CHECK(state_of(trainer, problem, losses) == train(table, problem, 2), about(table, problem));
        }
}

TEST(what_was_trained_before_leaves_no_trace) {
    std::uint64_t seed = 200;
    for (const Table& table : all_tables())
        for (Shape shape : shapes()) {
            const Problem problem(shape, ++seed);
            shape.batch_size = 2 * shape.batch_size + 17;  // larger, and no multiple of the smaller
            shape.examples = 2 * shape.batch_size;
            const Problem larger(shape, ++seed);
            Trainer trainer = trainer_for(table, problem, 2);
            train(trainer, larger);
            CHECK(train(trainer, problem) == train(table, problem, 2), about(table, problem));
        }
}

TEST(two_trainings_at_once_train_the_same_bits) {
    for (const Table& table : all_tables()) {
        const Problem first(shapes()[0], 301), second(shapes()[2], 302);
        const Trained first_alone = train(table, first, 1), second_alone = train(table, second, 1);
        State nothing({1, 1});
        Trained beside{nothing, nothing, {}};
        std::thread other([&] { beside = train(table, second, 3); });
        CHECK(train(table, first, 3) == first_alone, about(table, first));
        other.join();
        CHECK(beside == second_alone, about(table, second));
    }
}

TEST(weights_and_momentum_come_back_as_they_were_loaded) {
    for (const Table& table : all_tables())
        for (const Shape& shape : shapes()) {
            Problem problem(shape, 400);
            Trainer trainer = trainer_for(table, problem, 1);
            trainer.load(problem.weights.tensors(), problem.momentum.tensors());
            const Trained loaded = state_of(trainer, problem, {});
            CHECK(loaded.weights == problem.weights, about(table, problem));
            CHECK(loaded.momentum == problem.momentum, about(table, problem));
        }
}

TEST(no_examples_train_nothing) {
    for (const Table& table : all_tables()) {
        const Problem problem(shapes()[0], 500);
        Trainer trainer = trainer_for(table, problem, 2);
        State weights = problem.weights, momentum = problem.momentum;
        trainer.load(weights.tensors(), momentum.tensors());
        trainer.train(problem.examples(), {}, problem.steps(), {});
        const Trained after = state_of(trainer, problem, {});
        CHECK(after.weights == problem.weights && after.momentum == problem.momentum, table.name());
    }
}

}  // namespace tenfold::tests
