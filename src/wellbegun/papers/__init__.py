"""The papers' figures and tables as data, replayed from the package alone, and their claims checked."""
