"""The driver of benches/peers: installs the peers, measures them and us in turns,
writes docs/benchmarks.md and its plot."""
