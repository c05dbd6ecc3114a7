"""One owner of a pen's port, and others that look on over TCP, each as if it had a pen of its own.

A viewer is served by the firmware's own end of the link (penfw.link), so that it speaks the same
protocol; what it asks is answered from the owner's connection.
"""
