"""Many runs of one scenario whose parameters vary: campaigns and the search for what fails."""
