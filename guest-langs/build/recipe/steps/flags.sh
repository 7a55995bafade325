# What every step that compiles for the guest shares; sourced, not run.
# `zig` is on PATH, so that no path of this machine gets into a Makefile or an object.

# -mcpu rather than -m... flags: it also chooses the variant of zig's own libc.
TARGET="-target wasm32-wasi -mcpu=lime1+simd128"

# zig turns -O3 into clang's -O2, hence the second word.
OPTIMISE="-O3 -Xclang -O3 -g0"

# zig keeps frame pointers and unwind tables by default; nothing in a guest reads
# them, and exceptions of C++ on wasm need neither.
FRAMES="-fomit-frame-pointer -fno-unwind-tables -fno-asynchronous-unwind-tables"

# The headers of these want to be asked for; the code is always in zig's libc.
EMULATED="-D_WASI_EMULATED_SIGNAL -D_WASI_EMULATED_GETPID -D_WASI_EMULATED_MMAN -D_WASI_EMULATED_PROCESS_CLOCKS"

# No names of functions in a module. At every link, those of configure too: zig has a
# libc for each way of stripping, and takes twenty seconds to make one.
STRIP="-Wl,--strip-debug"

# __DATE__ is what SOURCE_DATE_EPOCH says: no reason to refuse it, as zig does.
GUEST_CC="zig cc $TARGET $FRAMES -Wno-date-time"
GUEST_CXX="zig c++ $TARGET $FRAMES -Wno-date-time"
