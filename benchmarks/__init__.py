"""What `make bench` measures: ratios of two things in one run, as these machines are noisy."""
