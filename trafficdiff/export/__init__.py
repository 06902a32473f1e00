"""What leaves the house for people and other programs."""
