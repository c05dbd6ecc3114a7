"""`penloop shell`: a prompt that holds the connection to a pen."""
