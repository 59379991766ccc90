"""What is done with the text of a program: metrics, mutations, rewrites, and the distance between two of them."""
