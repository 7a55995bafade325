/* Included before all C++ code. libc++ leaves threads and what locks them out where there are none. Code that
 * only locks gets locks that are always free; code that starts threads where they pay finds one processor. */
#ifdef __cplusplus
#  include <condition_variable>
#  include <mutex>
#  include <system_error>
#  include <thread>

namespace std {

class mutex {
public:
    constexpr mutex() noexcept = default;
    mutex(const mutex &) = delete;
    mutex &operator=(const mutex &) = delete;
    void lock() noexcept {}
    bool try_lock() noexcept { return true; }
    void unlock() noexcept {}
};

class recursive_mutex : public mutex {};

class condition_variable {
public:
    void notify_one() noexcept {}
    void notify_all() noexcept {}
    /* Nobody else could ever notify. */
    template <class Lock> void wait(Lock &) { __throw_system_error(EDEADLK, "condition_variable::wait"); }
};

class thread {
public:
    template <class Function, class... Arguments> explicit thread(Function &&, Arguments &&...)
    {
        __throw_system_error(EAGAIN, "thread");
    }
    thread(thread &&) noexcept = default;
    void join() noexcept {}
    bool joinable() const noexcept { return false; }
    static unsigned hardware_concurrency() noexcept { return 1; }
};

} // namespace std
#endif
