"""Speed and memory as ratios against a peer in the same run (基准); never tests. `make bench` prints one table each."""
